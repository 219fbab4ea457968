import { type InboundMessage, Speakers } from '@nongtin/broker';
import type { QuarantineRecord } from '@nongtin/broker/wire';
import { linesOf } from './lines.ts';
import type { LogClock } from './log-clock.ts';
import { type Recorded, readRecorded } from './recorded.ts';
import type { Collected } from './summary.ts';

/** Messages on their way to the disk; beyond, the file waits. */
const MOST_UNDER_WAY = 1_000;

interface UnderWay {
  readonly line: number;
  readonly recorded: Recorded;
  /** It has been told as quarantined. */
  isTold: boolean;
}

/** The file's messages, one after another, so many at a time. */
export class Feed {
  readonly #clock: LogClock;
  readonly #collected: Collected;
  readonly #speakers = new Speakers();
  readonly #underWay = new Map<Promise<unknown>, UnderWay>();

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
      this.#underWay.set(stored, { line: number, recorded, isTold: false });
      const done = () => this.#underWay.delete(stored);
      stored.then(done, done);
      if (this.#underWay.size >= MOST_UNDER_WAY) await Promise.all(this.#underWay.keys());
    }
    await Promise.all(this.#underWay.keys());
    return lines;
  }

  /** Told when the record is on the disk; its message is still under way then. */
  quarantined(record: QuarantineRecord): void {
    if (record.cause === 'suppressed') return;
    const found = [...this.#underWay.values()].find(
      ({ recorded: { topic, payload }, isTold }) =>
        !isTold && topic === record.topic && payload.length === record.sizeBytes,
    );
    if (found !== undefined) found.isTold = true;
    this.#collected.quarantined(found?.line ?? 0, record);
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
