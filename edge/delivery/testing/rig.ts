import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Lines, type SeriesStore, textOf, type WriteOutcome } from '@nongtin/series';
import { pino } from 'pino';
import { afterAll, onTestFinished, vi } from 'vitest';
import { openJournal } from '../../journal/index.ts';
import { createSeriesDelivery, type Dating, openDeadLetters } from '../index.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-delivery-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
export const newFolder = () => join(root, String(++folders));
const logger = pino({ level: 'silent' });
/** Not long ago: InfluxDB refuses what is older than it keeps. */
export const NOW = Math.trunc(Date.now() / 1_000) * 1_000;
const clock = { nowMs: () => NOW, monotonicMs: () => performance.now() };

/** A store in memory that answers as told, and holds lines by what identifies them. */
export class TestStore implements SeriesStore {
  readonly name = 'sqlite';
  readonly place: string;
  /** As they came, and as text. */
  readonly given: Lines[] = [];
  readonly writes: string[] = [];
  readonly held = new Map<string, string>();
  answer: (lines: string) => WriteOutcome = () => ({ outcome: 'accepted' });
  /** Of a store that holds what it has accepted in memory until it is flushed. */
  flush?: () => Promise<WriteOutcome>;
  losses = 0;

  constructor(place = 'here') {
    this.place = place;
  }

  async start() {}
  async stop() {}
  async query() {
    return [];
  }
  async seriesOf() {
    return [];
  }
  readonly rollups = {
    recompute: async () => ({ outcome: 'accepted' }) as const,
    mark: () => {},
    forget: async () => false,
  };

  async write(given: Lines): Promise<WriteOutcome> {
    const lines = textOf(given);
    this.given.push(given);
    this.writes.push(lines);
    const outcome = this.answer(lines);
    if (outcome.outcome === 'accepted') for (const line of lines.split('\n')) this.held.set(line, line);
    return outcome;
  }
}

/** A delivery from a journal of its own; `append` writes one entry. */
export async function deliveryTo(
  store: SeriesStore,
  folder = newFolder(),
  dating?: Dating,
  ownPause?: (ms: number, signal: AbortSignal) => Promise<void>,
) {
  const journal = openJournal({
    path: join(folder, 'journal.sqlite'),
    keyPath: join(folder, 'key.pem'),
    clock,
    logger,
  });
  await journal.start();
  const pauses: number[] = [];
  const pause =
    ownPause ??
    (async (ms: number, signal: AbortSignal) => {
      if (ms >= 200) pauses.push(ms);
      await turn(undefined, { signal });
    });
  const deadLetters = openDeadLetters({ path: join(folder, 'dead-letters.sqlite'), store, logger, clock });
  const dated = dating === undefined ? {} : { dating };
  const delivery = createSeriesDelivery({ journal, store, logger, clock, deadLetters, pause, ...dated });
  onTestFinished(async () => {
    await delivery.stop();
    await journal.stop();
    deadLetters.close();
  });
  let number = 0;
  const append = (count: number) => {
    const first = journal.nextRunningNumber(count);
    const lines = Array.from({ length: count }, (_, index) => {
      number += 1;
      return `raw,channel=n,device=d value=${number},quality=0i,received=1i ${first + index}`;
    });
    return journal.appendReadings({
      lines: lines.join('\n'),
      count,
      firstAtMs: 0,
      lastAtMs: 0,
      keys: new Uint8Array(30),
    });
  };
  const caughtUp = () =>
    vi.waitUntil(() => delivery.state().behindEntries === 0, { timeout: 20_000, interval: 2 });
  return { journal, delivery, deadLetters, pauses, append, caughtUp };
}
