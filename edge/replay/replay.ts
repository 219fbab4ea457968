import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteSeries } from '@nongtin/series';
import { explainProblem, type Logger, StartProblem } from '@nongtin/service';
import { createCodecs } from '../codecs/index.ts';
import { createSeriesDelivery } from '../delivery/index.ts';
import { createIngest } from '../ingest/index.ts';
import { openJournal } from '../journal/index.ts';
import { createProfiles, shortMemory } from '../profiles/index.ts';
import { checkReadable } from '../tool.ts';
import { Feed } from './feed.ts';
import { LogClock } from './log-clock.ts';
import { Collected, type ReplaySummary } from './summary.ts';

interface ReplayOptions {
  readonly file: string;
  /** An empty or new folder that keeps journal and series; absent: a temporary one, deleted at the end. */
  readonly into?: string | undefined;
  /** Folder of the farm's payload codecs, for LoRaWAN devices. */
  readonly codecs?: string | undefined;
  readonly logger: Logger;
  /** Real time, which ends a codec that does not end; the log's own time decides all else. */
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** Ends the replay early, with the summary of what has been read. */
  readonly signal?: AbortSignal;
}

/**
 * Feeds a recorded MQTT log through the gateway's own way, without broker and without a command to anybody:
 *
 *   file ─► lines ─► message, speaker ─► ingest (profile → quality) ─► journal ─► delivery ─► SQLite
 *
 * The log's time is the clock, so that the same log gives the same series whenever it is replayed. Throws a StartProblem when
 * the file cannot be read or the folder is not empty.
 */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  const { file, into } = options;
  checkReadable(file, 'a recorded MQTT log');
  const folder = into === undefined ? mkdtempSync(join(tmpdir(), 'nongtin-replay-')) : emptyFolder(into);
  try {
    return await replayInto(folder, options);
  } finally {
    if (into === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function emptyFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true });
    if (readdirSync(path).length === 0) return path;
  } catch (error) {
    throw explainProblem(error, { path });
  }
  throw new StartProblem(`${path} is not empty: give a new folder, so that a replay mixes with nothing.`);
}

async function replayInto(folder: string, options: ReplayOptions): Promise<ReplaySummary> {
  const { file, into, logger, signal } = options;
  const codecs =
    options.codecs === undefined
      ? undefined
      : createCodecs({ folder: options.codecs, logger, clock: options.clock });
  const clock = new LogClock();
  const collected = new Collected();
  const journal = openJournal({
    ...{ path: join(folder, 'journal.sqlite'), keyPath: join(folder, 'key.pem'), clock, logger },
  });
  const store = sqliteSeries({ path: join(folder, 'series.sqlite') });
  const feed = new Feed(clock, collected);
  const ingest = createIngest({
    ...{ journal, profiles: createProfiles(shortMemory(), codecs), clock, logger },
    onReadings: (readings) => collected.readings(readings),
    onStatus: () => {},
    onQuarantine: (record) => feed.quarantined(record),
  });
  await journal.start();
  await store.start();
  const delivery = createSeriesDelivery({ journal, store, logger, clock });
  await delivery.start();
  codecs?.start();
  try {
    const lines = await feed.run(file, (message) => ingest.receive(message), signal);
    while (delivery.state().behindEntries > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const { messages, readings, duplicates, missing, statuses, ignored, quarantined } = ingest.counters();
    return {
      ...{ file, lines, messages, readings, duplicates, missing, statuses, ignored, quarantined },
      ...collected.devices(),
      ...{ unreadable: collected.unreadable, skipped: collected.skipped },
      ...{ skippedLines: collected.skippedLines, otherTopics: collected.otherTopics, into: into ?? null },
    };
  } finally {
    await codecs?.stop();
    await delivery.stop();
    await store.stop();
    await journal.stop();
  }
}
