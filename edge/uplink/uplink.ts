import { topicOf, UplinkAnswer, type UplinkEntry } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { connect, type MqttClient } from 'mqtt';
import { Compile } from 'typebox/compile';
import { type Batch, batchOf, MOST_ENTRIES } from './batch.ts';

interface UplinkOptions {
  readonly url: string;
  /** The gateway's identity, also its user name in the cloud. */
  readonly gateway: string;
  readonly password: string;
  /** Of an mqtts: address. PEM: whom to believe, and the gateway's own certificate with its key. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly journal: {
    read(after: number, limit: number): Promise<readonly UplinkEntry[]>;
    lastNumber(): number;
    cursor(name: string): Promise<number>;
    moveCursor(name: string, number: number): Promise<void>;
    onCommit(listener: () => void): () => void;
  };
  readonly clock: { nowMs(): number };
  /** Told what time it is in the cloud, with each answer. */
  readonly onTime?: (utcMs: number) => void;
  /** Told, with each answer that says so, that this gateway was revoked, and why. */
  readonly onRevoked?: (reason: string) => void;
  readonly logger: Logger;
  readonly timing?: Partial<UplinkTiming>;
}

/** Milliseconds. */
interface UplinkTiming {
  readonly reconnectMs: number;
  /** A batch without an answer is sent again, over a new connection. */
  readonly answerMs: number;
  /** A batch that the cloud refused is tried again: a person may have put it right. */
  readonly refusedMs: number;
}

const usualTiming: UplinkTiming = { reconnectMs: 2_000, answerMs: 10_000, refusedMs: 30_000 };

export interface UplinkState {
  readonly connected: boolean;
  /** Everything up to this entry is on the cloud's disk. */
  readonly durableUpTo: number;
  readonly behindEntries: number;
  readonly lastRefusal: { readonly number: number; readonly reason: string; readonly atMs: number } | null;
}

const CURSOR = 'uplink';
/** Messages that the cloud's broker has not confirmed; one is usual, for answers overtake confirmations. */
const MOST_UNCONFIRMED = 8;
const answerOf = Compile(UplinkAnswer);

/**
 * Carries the journal to the cloud, in order, one batch at a time. The cursor moves only when the cloud says that
 * the entries are on its disk; a lost batch or answer leads to sending again, which the cloud recognises by number.
 * Offline for ever is a state like any other: the journal waits, nothing else notices.
 *
 * Every connection has a client of its own. The MQTT package keeps what was not confirmed and sends it again by itself;
 * with the client it goes, so that a cloud that stays silent costs no more memory than one batch.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #timing: UplinkTiming;
  #client: MqttClient | undefined;
  #unsubscribe = () => {};
  #connected = false;
  #durableUpTo = 0;
  #lastRefusal: UplinkState['lastRefusal'] = null;
  #underWay: Batch | undefined;
  #reading = false;
  #unconfirmed = 0;
  #stopped = false;
  #lastProblem = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#timing = { ...usualTiming, ...options.timing };
  }

  async start(): Promise<void> {
    const { journal } = this.#options;
    this.#stopped = false;
    this.#durableUpTo = await journal.cursor(CURSOR);
    this.#unsubscribe = journal.onCommit(() => this.#pump());
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    this.#connected = false;
    // Forced: an answer under way is not needed, the next start asks again from the cursor.
    await client?.endAsync(true);
  }

  state(): UplinkState {
    return {
      connected: this.#connected,
      durableUpTo: this.#durableUpTo,
      behindEntries: Math.max(0, this.#options.journal.lastNumber() - this.#durableUpTo),
      lastRefusal: this.#lastRefusal,
    };
  }

  #connect(): void {
    const { url, gateway, password, tls } = this.#options;
    const client = connect(url, {
      clientId: `uplink-${gateway}`,
      username: gateway,
      password,
      ...tls,
      clean: true,
      reconnectPeriod: 0,
      // The journal is the queue: what is not sent now is read again from there.
      queueQoSZero: false,
    });
    this.#client = client;
    this.#unconfirmed = 0;
    client.on('connect', () => this.#onConnect(client));
    client.on('message', (_topic, payload) => {
      if (client === this.#client) this.#onAnswer(payload);
    });
    client.on('close', () => this.#drop(client, 'the connection was closed'));
    // Node's error of a name with several addresses has no words of its own.
    client.on('error', ({ message }) => this.#drop(client, message || 'the cloud cannot be reached'));
  }

  #onConnect(client: MqttClient): void {
    client.subscribe(topicOf('uplinkAnswer', this.#options.gateway), { qos: 1 }, (error, granted) => {
      if (client !== this.#client) return;
      if (error || granted?.some((grant) => grant.qos >= 128)) {
        this.#options.logger.warn({ err: error }, 'uplink may not listen for answers');
        this.#later(this.#timing.refusedMs, () => this.#drop(client, 'no answers without listening'));
        return;
      }
      this.#connected = true;
      this.#resend();
    });
  }

  /** Ends a connection with all it holds; the next one sends again what is not answered. */
  #drop(client: MqttClient | undefined, reason: string): void {
    if (client === undefined || client !== this.#client) return;
    if (reason !== this.#lastProblem) this.#options.logger.warn({ reason }, 'uplink connects anew');
    this.#lastProblem = reason;
    this.#client = undefined;
    this.#connected = false;
    this.#underWay = undefined;
    client.end(true);
    this.#later(this.#timing.reconnectMs, () => this.#connect());
  }

  #resend(): void {
    clearTimeout(this.#timer);
    this.#underWay = undefined;
    this.#pump();
  }

  /** Sends the next batch unless one is under way. Called often; what it misses, the next call finds. */
  #pump(): void {
    if (!this.#connected || this.#underWay || this.#reading || this.#client === undefined) return;
    const { journal, logger } = this.#options;
    if (journal.lastNumber() <= this.#durableUpTo) return;
    this.#reading = true;
    const after = this.#durableUpTo;
    journal
      .read(after, MOST_ENTRIES)
      .then((entries) => {
        this.#reading = false;
        const batch = batchOf(entries);
        if (after !== this.#durableUpTo) this.#pump();
        else if (batch) this.#send(batch);
      })
      .catch((error: unknown) => {
        this.#reading = false;
        logger.error({ err: error }, 'uplink cannot read the journal');
        // Without a connection the timer belongs to the next one, which reads again.
        if (this.#connected) this.#later(this.#timing.refusedMs);
      });
  }

  #send(batch: Batch): void {
    const client = this.#client;
    if (!this.#connected || client === undefined) return;
    if (this.#unconfirmed >= MOST_UNCONFIRMED) {
      this.#drop(client, 'messages are not confirmed');
      return;
    }
    this.#underWay = batch;
    this.#unconfirmed += 1;
    this.#later(this.#timing.answerMs, () => this.#drop(client, 'a batch is not answered'));
    // The answer of the cloud decides, not the broker's PUBACK; a failed publish ends in the same resend.
    client.publish(topicOf('uplinkEntries', this.#options.gateway), batch.json, { qos: 1 }, () => {
      if (client === this.#client) this.#unconfirmed -= 1;
    });
  }

  #later(ms: number, then = () => this.#resend()): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(then, ms);
  }

  #onAnswer(payload: Uint8Array): void {
    const answer = parseJson(payload);
    if (!answerOf.Check(answer)) {
      this.#options.logger.warn('the cloud answered in a way we cannot read');
      return;
    }
    const before = this.#durableUpTo;
    const { durableUpTo, refused, atMs } = answer;
    if (atMs !== undefined) this.#options.onTime?.(atMs);
    if (refused) this.#onRefused(refused);
    if (!this.#moveTo(durableUpTo, refused !== undefined)) return;
    const isBack = durableUpTo < before;
    const isOver = this.#underWay === undefined || durableUpTo >= this.#underWay.last;
    // After a refusal only the slow timer sends on, unless we now know what the cloud lacks.
    if (refused ? isBack : isOver) this.#resend();
  }

  #onRefused(refused: { number: number; reason: string; kind?: string }): void {
    const reason = refused.reason.slice(0, 500);
    if (refused.kind === 'revoked') this.#options.onRevoked?.(reason.replace(/^gateway revoked(: )?/, ''));
    this.#lastRefusal = { number: refused.number, reason, atMs: this.#options.clock.nowMs() };
    this.#options.logger.warn({ number: refused.number, reason }, 'the cloud refused an entry');
    this.#later(this.#timing.refusedMs);
  }

  /**
   * Forward on the cloud's word, never beyond what we have written. Backward only when it refuses a batch because it
   * lacks earlier entries (its disk was lost): we still have them.
   */
  #moveTo(durableUpTo: number, refused: boolean): boolean {
    const { journal, logger } = this.#options;
    const back = refused && durableUpTo < this.#durableUpTo && this.#underWay !== undefined;
    if (durableUpTo > journal.lastNumber()) {
      this.#onRefused({ number: durableUpTo, reason: 'the cloud holds entries that this journal lacks' });
      return false;
    }
    if (durableUpTo <= this.#durableUpTo && !back) return false;
    if (!refused) this.#lastRefusal = null;
    this.#lastProblem = '';
    this.#durableUpTo = durableUpTo;
    journal
      .moveCursor(CURSOR, durableUpTo)
      .catch((error: unknown) => logger.error({ err: error }, 'uplink cursor is not saved'));
    return true;
  }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}
