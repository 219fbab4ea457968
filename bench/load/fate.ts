import type { StoredNumbers } from '../sides/influx.ts';
import type { LoadResult } from './types.ts';

export interface Fate {
  readonly acknowledged: number;
  /** Acknowledged, and in no row. */
  readonly lost: number;
  /** Rows beyond the first of a message. */
  readonly duplicated: number;
}

/** What became of every message of a load: each device numbered its own from 1, without gaps. */
export function fateOf({ devices }: Pick<LoadResult, 'devices'>, stored: StoredNumbers): Fate {
  let [acknowledged, lost, duplicated] = [0, 0, 0];
  for (const [device, { sent, unacknowledged }] of Object.entries(devices)) {
    const open = new Set(unacknowledged);
    for (let number = 1; number <= sent; number += 1) {
      const rows = stored.get(device)?.get(number) ?? 0;
      duplicated += Math.max(0, rows - 1);
      if (open.has(number)) continue;
      acknowledged += 1;
      if (rows === 0) lost += 1;
    }
  }
  return { acknowledged, lost, duplicated };
}
