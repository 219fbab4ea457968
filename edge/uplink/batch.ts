import type { UplinkEntry } from '@nongtin/broker/wire';

/** Cut of what one message to the cloud may hold. */
export const MOST_ENTRIES = 200;
const MOST_BYTES = 256 * 1024;

/** One message: its JSON and the numbers it covers. Undefined when there is nothing to send. */
export interface Batch {
  readonly json: string;
  readonly first: number;
  readonly last: number;
}

/** As many of the entries, in order, as fit; always at least one, however large, for order may not be broken. */
export function batchOf(entries: readonly UplinkEntry[]): Batch | undefined {
  const parts: string[] = [];
  let bytes = '{"entries":[]}'.length;
  let last = 0;
  for (const entry of entries.slice(0, MOST_ENTRIES)) {
    const part = JSON.stringify(wireEntry(entry));
    bytes += Buffer.byteLength(part) + 1;
    if (parts.length > 0 && bytes > MOST_BYTES) break;
    parts.push(part);
    last = entry.number;
  }
  const first = entries[0]?.number;
  return first === undefined ? undefined : { json: `{"entries":[${parts.join(',')}]}`, first, last };
}

/** The journal knows more of an entry (its hash, its kind) than travels: the cloud computes these itself. */
function wireEntry(entry: UplinkEntry): UplinkEntry {
  const { number, previousHash, bootId, monotonicMs, count, firstAtMs, lastAtMs, payload, signature } = entry;
  const wire = { number, previousHash, bootId, monotonicMs, count, firstAtMs, lastAtMs, payload, signature };
  return entry.thinned === undefined ? wire : { ...wire, thinned: entry.thinned };
}
