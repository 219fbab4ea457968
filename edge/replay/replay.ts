import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InboundMessage } from '@nongtin/broker';
import type { QuarantineRecord } from '@nongtin/broker/wire';
import { sqliteSeries } from '@nongtin/series';
import { explainProblem, type Logger, StartProblem } from '@nongtin/service';
import { createSeriesDelivery } from '../delivery/index.ts';
import { createIngest } from '../ingest/index.ts';
import { openJournal } from '../journal/index.ts';
import { createProfiles, shortMemory } from '../profiles/index.ts';
import { linesOf } from './lines.ts';
import { LogClock } from './log-clock.ts';
import { type Recorded, readRecorded } from './recorded.ts';
import { Speakers } from './speakers.ts';
import { Collected, type ReplaySummary } from './summary.ts';

interface ReplayOptions {
  readonly file: string;
  /** An empty or new folder that keeps journal and series; absent: a temporary one, deleted at the end. */
  readonly into?: string | undefined;
  readonly logger: Logger;
  /** Ends the replay early, with the summary of what has been read. */
  readonly signal?: AbortSignal;
}

/** Messages on their way to the disk; beyond, the file waits. */
const MOST_UNDER_WAY = 1_000;

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
  checkReadable(file);
  const folder = into === undefined ? mkdtempSync(join(tmpdir(), 'nongtin-replay-')) : emptyFolder(into);
  try {
    return await replayInto(folder, options);
  } finally {
    if (into === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function checkReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new StartProblem(
      isMissing
        ? `There is no file ${file}: name a recorded MQTT log.`
        : `${file} cannot be read by you: give yourself the permission, or copy it.`,
    );
  }
  if (statSync(file).isDirectory()) throw new StartProblem(`${file} is a folder: name a recorded MQTT log.`);
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

async function replayInto(
  folder: string,
  { file, into, logger, signal }: ReplayOptions,
): Promise<ReplaySummary> {
  const clock = new LogClock();
  const collected = new Collected();
  const journal = openJournal({
    ...{ path: join(folder, 'journal.sqlite'), keyPath: join(folder, 'key.pem'), clock, logger },
  });
  const store = sqliteSeries({ path: join(folder, 'series.sqlite') });
  const feed = new Feed(clock, collected);
  const ingest = createIngest({
    ...{ journal, profiles: createProfiles(shortMemory()), clock, logger },
    onReadings: (readings) =>
      collected.readings(
        readings,
        readings.map(({ atMs }) => atMs),
      ),
    onStatus: () => {},
    onQuarantine: (record) => feed.quarantined(record),
  });
  await journal.start();
  await store.start();
  const delivery = createSeriesDelivery({ journal, store, logger, clock });
  await delivery.start();
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
    await delivery.stop();
    await store.stop();
    await journal.stop();
  }
}

/** The file's messages, one after another, so many at a time. */
class Feed {
  readonly #clock: LogClock;
  readonly #collected: Collected;
  readonly #speakers = new Speakers();
  readonly #underWay = new Map<Promise<unknown>, { line: number; recorded: Recorded }>();

  constructor(clock: LogClock, collected: Collected) {
    this.#clock = clock;
    this.#collected = collected;
  }

  /** Resolves with the number of lines when all messages are on the disk. */
  async run(
    file: string,
    receive: (message: InboundMessage) => Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    let lines = 0;
    for await (const { number, text } of linesOf(file)) {
      if (signal?.aborted === true) break;
      lines = number;
      const message = text === undefined ? this.#tooLong(number) : this.#messageIn(text, number);
      if (message === undefined) continue;
      const { recorded, inbound } = message;
      const stored = receive(inbound);
      this.#underWay.set(stored, { line: number, recorded });
      const done = () => this.#underWay.delete(stored);
      stored.then(done, done);
      if (this.#underWay.size >= MOST_UNDER_WAY) await Promise.all(this.#underWay.keys());
    }
    await Promise.all(this.#underWay.keys());
    return lines;
  }

  /** Told when the record is on the disk; its message is still under way then. */
  quarantined(record: QuarantineRecord): void {
    const found = [...this.#underWay.values()].find(
      ({ recorded: { topic, payload } }) => topic === record.topic && payload.length === record.sizeBytes,
    );
    if (record.cause !== 'suppressed') this.#collected.quarantined(found?.line ?? 0, record);
  }

  #tooLong(line: number): undefined {
    this.#collected.skip(line, 'it is longer than 2 MiB');
  }

  #messageIn(text: string, line: number): { recorded: Recorded; inbound: InboundMessage } | undefined {
    if (text.trim() === '') return undefined;
    const recorded = readRecorded(text);
    if ('problem' in recorded) return this.#collected.skip(line, recorded.problem) ?? undefined;
    const { topic, payload, qos, retain } = recorded;
    const speaker = this.#speakers.of(topic, payload, recorded.speaker);
    if (typeof speaker === 'string') return this.#collected.otherTopic(topic, speaker) ?? undefined;
    const receivedAtMs = this.#clock.moveTo(recorded.atMs);
    if (receivedAtMs === undefined) {
      this.#collected.skip(line, 'neither it nor a line before it has a time');
      return undefined;
    }
    // One connection for each speaker: what it says again it says again, and does not resend.
    const connection = { clientId: `replay-${speaker.id}`, connectionId: speaker.id };
    const inbound = {
      ...{ identity: speaker, topic, payload, qos, retain, receivedAtMs },
      ...{ ...connection, dup: false, packetId: undefined },
    };
    return { recorded, inbound };
  }
}
