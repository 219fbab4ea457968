import { UplinkAnswer, type UplinkEntry } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { Compile } from 'typebox/compile';
import { batchOf, MOST_ENTRIES } from './batch.ts';
import { Gathering } from './gathering.ts';
import { InFlight } from './in-flight.ts';
import type { Link } from './link.ts';
import type { Pace } from './pace.ts';
import { packed } from './packing.ts';
import type { Refusals } from './refusals.ts';
import type { Standing, UplinkJournal } from './standing.ts';

interface CarrierOptions {
  readonly link: Link;
  readonly journal: Pick<UplinkJournal, 'read' | 'lastNumber'>;
  readonly standing: Standing;
  readonly pace: Pace;
  readonly refusals: Refusals;
  readonly monotonicMs: () => number;
  /** What was refused is tried again after so many milliseconds. */
  readonly refusedMs: number;
  /** Readings may wait so many milliseconds for others to travel with. */
  readonly gatherMs: number;
  /** The cloud has taken entries. */
  readonly onProgress: () => void;
  readonly onTime: (utcMs: number) => void;
  /** A message was not answered in time. */
  readonly onSilence: () => void;
  readonly logger: Logger;
}

/** How much smaller messages become by packing, before any was. */
const USUAL_PACKING = 4;
const FEWEST_READ = 16;
const answerOf = Compile(UplinkAnswer);

/**
 * Carries entries over one connection, in order, a few messages at a time. What an answer does not cover is sent again by
 * the next connection, which begins at the cursor. In memory is what one read of the journal gives and what is under way.
 */
export class Carrier {
  readonly #options: CarrierOptions;
  readonly #inFlight = new InFlight();
  readonly #gathering: Gathering;
  #state: 'waiting' | 'carrying' | 'refused' | 'over' = 'waiting';
  /** The newest entry that went out. */
  #sentUpTo = 0;
  /** Counts when what comes next has changed: what was prepared meanwhile is not sent. */
  #turn = 0;
  #isPreparing = false;
  /** After a refusal one message at a time shows whether it stands. */
  #isProbing = false;
  /** Entries that were read and did not fit. */
  #ahead: readonly UplinkEntry[] = [];
  #lastCount = FEWEST_READ;
  #packing = USUAL_PACKING;
  /** A cloud of version 0.1 reads nothing else. */
  #isPlain = false;
  /** Answers still to come to messages that went out before a refusal; of what they refuse we know. */
  #leftOver = 0;
  #timer: NodeJS.Timeout | undefined;
  #gatherTimer: NodeJS.Timeout | undefined;

  constructor(options: CarrierOptions) {
    this.#options = options;
    this.#gathering = new Gathering(options.gatherMs);
  }

  get bytesInFlight(): number {
    return this.#inFlight.bytes;
  }

  /** Sends from the cursor on. */
  begin(): void {
    if (this.#state === 'over') return;
    clearTimeout(this.#timer);
    this.#state = 'carrying';
    this.#inFlight.clear();
    this.#goTo(this.#options.standing.durableUpTo);
    this.press();
  }

  /** The connection is over; whether anything was lost with it. */
  end(): boolean {
    this.#state = 'over';
    clearTimeout(this.#timer);
    clearTimeout(this.#gatherTimer);
    return this.#inFlight.count > 0;
  }

  /** Everything there is now is to go, without waiting for company. */
  press(): void {
    this.#gathering.due(this.#options.journal.lastNumber());
    this.pump();
  }

  /** Sends what may be sent. Called often; what it misses, the next call finds. */
  pump(): void {
    const { journal, pace, monotonicMs } = this.#options;
    if (this.#state !== 'carrying' || this.#isPreparing) return;
    const most = this.#isProbing ? 1 : pace.mostInFlight;
    const [sentUpTo, lastNumber] = [this.#sentUpTo, journal.lastNumber()];
    if (this.#inFlight.count >= most || lastNumber <= sentUpTo) return;
    clearTimeout(this.#gatherTimer);
    const waitMs = this.#gathering.waitMs({ sentUpTo, lastNumber, nowMs: monotonicMs() });
    if (waitMs > 0) {
      this.#gatherTimer = setTimeout(() => this.pump(), waitMs);
      return;
    }
    this.#isPreparing = true;
    this.#sendNext(this.#turn).then(
      () => {
        this.#isPreparing = false;
        this.pump();
      },
      (error: unknown) => {
        this.#isPreparing = false;
        this.#options.logger.error({ err: error }, 'uplink cannot read the journal');
        this.#again();
      },
    );
  }

  onAnswer(payload: Uint8Array): void {
    const { journal, logger, onTime } = this.#options;
    const answer = parseJson(payload);
    if (!answerOf.Check(answer)) {
      logger.warn('the cloud answered in a way we cannot read');
      return;
    }
    if (answer.atMs !== undefined) onTime(answer.atMs);
    const { durableUpTo, refused } = answer;
    if (this.#leftOver > 0) this.#leftOver -= 1;
    else if (durableUpTo > journal.lastNumber()) {
      const reason = 'the cloud holds entries that this journal lacks';
      this.#refuse({ number: durableUpTo, kind: 'lacking', reason });
    } else if (refused) this.#onRefused(refused, durableUpTo);
    else this.#onDurable(durableUpTo);
  }

  async #sendNext(turn: number): Promise<void> {
    const { link, pace, monotonicMs, standing } = this.#options;
    const entries = await this.#entriesAhead();
    const batch = batchOf(entries, pace.messageBytes * this.#packing);
    const [oldest] = entries;
    if (batch === undefined || oldest === undefined) return;
    const payload = this.#isPlain ? Buffer.from(batch.json) : await packed(batch.json);
    if (turn !== this.#turn || this.#state !== 'carrying') return;
    this.#packing += (batch.json.length / payload.length - this.#packing) / 4;
    this.#ahead = entries.slice(batch.count);
    this.#lastCount = batch.count;
    this.#sentUpTo = batch.last;
    standing.offer(batch.last);
    if (this.#inFlight.count === 0) standing.noteOldest(oldest);
    const message = { last: batch.last, bytes: payload.length, sentAtMs: monotonicMs(), oldest };
    this.#inFlight.add(message);
    this.#gathering.sent(message.sentAtMs);
    if (this.#inFlight.count === 1) this.#awaitAnswer();
    // The answer of the cloud decides, not the broker's PUBACK.
    void link.send('uplinkEntries', payload);
  }

  /** About twice what the next message takes. */
  async #entriesAhead(): Promise<readonly UplinkEntry[]> {
    const ahead = this.#ahead;
    if (ahead.length >= this.#lastCount) return ahead;
    const limit = Math.min(MOST_ENTRIES, Math.max(FEWEST_READ, 2 * this.#lastCount));
    const after = ahead.at(-1)?.number ?? this.#sentUpTo;
    return [...ahead, ...(await this.#options.journal.read(after, limit))];
  }

  #onDurable(heldUpTo: number): void {
    const { standing, pace, monotonicMs, refusals, onProgress } = this.#options;
    // After a restart the cloud may hold more than was sent since; a journal that was restored may differ there.
    const durableUpTo = Math.min(heldUpTo, standing.offered);
    const settled = this.#inFlight.settle(durableUpTo);
    for (const message of settled) pace.answered(message, monotonicMs());
    if (durableUpTo > standing.durableUpTo) {
      standing.moveTo(durableUpTo);
      this.#isProbing = false;
      const next = this.#inFlight.oldest;
      if (next !== undefined) standing.noteOldest(next.oldest);
      if (durableUpTo > this.#sentUpTo) this.#goTo(durableUpTo);
      refusals.over();
      onProgress();
    }
    if (settled.length > 0) this.#awaitAnswer();
    this.pump();
  }

  /**
   * The cursor goes back only when the cloud refuses what we sent because it lacks earlier entries (its disk was lost): we
   * still have them, and send them at once. Anything else waits.
   */
  #onRefused(refused: { number: number; kind?: string; reason: string }, durableUpTo: number): void {
    const { standing } = this.#options;
    const wasAsked = this.#inFlight.count > 0;
    const isOlder = refused.kind === undefined && refused.number === 0 && !this.#isPlain;
    const isBack = wasAsked && durableUpTo < standing.durableUpTo;
    // What it refuses it may hold otherwise, with more behind it: the cursor stays before that.
    const taken = Math.min(durableUpTo, refused.number - 1);
    if (isBack) standing.moveTo(durableUpTo);
    else if (taken > standing.durableUpTo) standing.moveTo(taken);
    this.#refuse(refused);
    if (isOlder) this.#isPlain = true;
    if (isOlder || isBack) this.begin();
  }

  #refuse(refused: { number: number; kind?: string; reason: string }): void {
    const { refusals } = this.#options;
    this.#leftOver = Math.max(0, this.#inFlight.count - 1);
    this.#inFlight.clear();
    this.#isProbing = true;
    refusals.note(refused);
    this.#again();
  }

  /** From the cursor, later: a person may have put it right. */
  #again(): void {
    if (this.#state === 'over') return;
    this.#state = 'refused';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.begin(), this.#options.refusedMs);
    void this.#options.standing.lookForOldest();
  }

  #goTo(number: number): void {
    this.#turn += 1;
    this.#sentUpTo = number;
    this.#ahead = [];
  }

  /** One timer for all that is under way: each answer begins it anew. */
  #awaitAnswer(): void {
    if (this.#state !== 'carrying') return;
    clearTimeout(this.#timer);
    if (this.#inFlight.count === 0) return;
    this.#timer = setTimeout(this.#options.onSilence, this.#options.pace.waitMs(this.#inFlight.bytes));
  }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}
