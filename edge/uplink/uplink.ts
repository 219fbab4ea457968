import { randomBytes } from 'node:crypto';
import type { Logger } from '@nongtin/service';
import { Backoff } from './backoff.ts';
import { Carrier } from './carrier.ts';
import { type CommandGuest, Link, type LinkGuest, type LinkTls } from './link.ts';
import { type LiveSource, LiveTeller } from './live.ts';
import { Pace } from './pace.ts';
import { Progress } from './progress.ts';
import { Refusals, type Refused } from './refusals.ts';
import { Standing, type UplinkJournal } from './standing.ts';

interface UplinkOptions {
  readonly url: string;
  /** The gateway's identity, also its user name in the cloud. */
  readonly gateway: string;
  readonly password: string;
  /** Of an mqtts: address. PEM: whom to believe, and the gateway's own certificate with its key. */
  readonly tls?: LinkTls;
  readonly journal: UplinkJournal;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** Told what time it is in the cloud, with each answer. */
  readonly onTime?: (utcMs: number) => void;
  readonly commands?: CommandGuest;
  readonly neighbours?: LinkGuest;
  /** Told, with each answer that says so, that this gateway was revoked, and why. */
  readonly onRevoked?: (reason: string) => void;
  /** From 0 to below 1; default Math.random. */
  readonly random?: () => number;
  readonly logger: Logger;
  readonly timing?: Partial<UplinkTiming>;
}

/** Milliseconds. */
export interface UplinkTiming {
  /** Within this time the first try to connect anew comes; later ones within longer and longer spans … */
  readonly reconnectMs: number;
  /** … up to this one. */
  readonly mostReconnectMs: number;
  /** An answer may take this long at least; longer on a link that is known to be slow (pace.ts). */
  readonly answerMs: number;
  /** What the cloud refused is tried again: a person may have put it right. */
  readonly refusedMs: number;
  /** Between two live messages, when something has changed. */
  readonly liveMs: number;
  /** Readings may wait so long for others to travel with (gathering.ts). */
  readonly gatherMs: number;
}

const usualTiming: UplinkTiming = {
  ...{ reconnectMs: 5_000, mostReconnectMs: 60_000 },
  ...{ answerMs: 15_000, refusedMs: 30_000, liveMs: 5_000, gatherMs: 10_000 },
};

export interface UplinkState {
  readonly connected: boolean;
  /** Everything up to this entry is on the cloud's disk. */
  readonly durableUpTo: number;
  /** A few are always on their way: readings gather for a while. */
  readonly behindEntries: number;
  /** Some have waited for longer than that. */
  readonly lagging: boolean;
  /** When the oldest entry that waits was made; null: none waits, or it is not known. */
  readonly oldestWaitingAtMs: number | null;
  /** What the cloud gets, over the last minute; null: not known. */
  readonly entriesPerSecond: number | null;
  /** Until nothing waits; null: not known, or not in sight. */
  readonly secondsLeft: number | null;
  readonly lastRefusal: Refused | null;
}

/** What it tells of besides the journal, and whom it tells of refusals that last. */
type Farm = LiveSource & { readonly alarms: Parameters<Refusals['attach']>[0] };

/**
 * Carries the journal to the cloud, in order, and beside it how the farm is now. The cursor moves only when the cloud says
 * that the entries are on its disk; a lost message or answer leads to sending again from the cursor, which the cloud
 * recognises by number. Offline for ever is a state like any other: the journal waits, nothing else notices.
 *
 *   connect ─► live values ─► summary of the time away ─► history (carrier.ts), live values in between (live.ts)
 *      ▲                                                     │ cut, silence
 *      └────────────── after a while (backoff.ts) ◄──────────┘
 */
export class Uplink {
  readonly #options: UplinkOptions;
  /**
   * The same for all connections of this process, so that a new one ends the one before, which may look alive for a quarter
   * of an hour. Not to be guessed: on NATS whoever knows it can push us off, whatever login they have.
   */
  readonly #clientId: string;
  readonly #timing: UplinkTiming;
  readonly #pace: Pace;
  readonly #backoff: Backoff;
  readonly #standing: Standing;
  readonly #refusals: Refusals;
  readonly #teller: LiveTeller;
  readonly #progress = new Progress();
  #connection: { readonly link: Link; readonly carrier: Carrier } | undefined;
  #isOpen = false;
  #isStopped = true;
  #unsubscribe = () => {};
  #lastProblem = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UplinkOptions) {
    const { journal, clock, logger, onRevoked, random = Math.random } = options;
    this.#options = options;
    this.#clientId = `uplink-${options.gateway}-${randomBytes(8).toString('hex')}`;
    this.#timing = { ...usualTiming, ...options.timing };
    this.#pace = new Pace(this.#timing.answerMs);
    const { reconnectMs: firstMs, mostReconnectMs: mostMs } = this.#timing;
    this.#backoff = new Backoff({ firstMs, mostMs, random });
    this.#standing = new Standing(journal, () => clock.monotonicMs(), logger);
    this.#refusals = new Refusals(clock, logger, onRevoked);
    this.#teller = new LiveTeller({
      ...{ journal, clock, logger, pace: this.#pace, standing: this.#standing },
      everyMs: this.#timing.liveMs,
      waitMs: (bytes) => this.#pace.waitMs(bytes + (this.#connection?.carrier.bytesInFlight ?? 0)),
      onSilence: (link) => this.#lose(link, 'live values are not confirmed'),
    });
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    await this.#standing.load();
    this.#unsubscribe = this.#options.journal.onCommit((_, isUrgent) => this.#onCommit(isUrgent));
    void this.#standing.lookForOldest();
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unsubscribe();
    // Forced: an answer under way is not needed, the next start asks again from the cursor.
    await this.#leave()?.link.end();
  }

  attach(farm: Farm): void {
    this.#refusals.attach(farm.alarms);
    this.#teller.attach(farm);
  }

  state(): UplinkState {
    const { durableUpTo, behind, isLagging, oldestAtMs } = this.#standing;
    return {
      connected: this.#isOpen,
      durableUpTo,
      behindEntries: behind,
      lagging: isLagging,
      oldestWaitingAtMs: oldestAtMs,
      entriesPerSecond: behind === 0 ? null : this.#progress.entriesPerSecond(),
      secondsLeft: behind === 0 ? null : this.#progress.secondsLeft(),
      lastRefusal: this.#refusals.last,
    };
  }

  #onCommit(isUrgent: boolean): void {
    this.#standing.noteCommit();
    if (this.#isOpen && isUrgent) this.#connection?.carrier.press();
    else if (this.#isOpen) this.#connection?.carrier.pump();
    else void this.#standing.lookForOldest();
  }

  #connect(): void {
    const {
      url,
      gateway,
      password,
      tls = {},
      journal,
      clock,
      logger,
      commands,
      neighbours,
      onTime = () => {},
    } = this.#options;
    const monotonicMs = () => clock.monotonicMs();
    const link: Link = new Link({
      ...{ url, clientId: this.#clientId, gateway, password, tls, monotonicMs, logger },
      ...{ commands, neighbours },
      onOpen: (roundTripMs) => void this.#open(link, roundTripMs),
      onDenied: () => {
        logger.warn('uplink may not listen for answers');
        this.#later(this.#timing.refusedMs, () => this.#lose(link, 'no answers without listening'));
      },
      onAnswer: (payload) => carrier.onAnswer(payload),
      onClosed: (reason) => this.#lose(link, reason, 'cut'),
    });
    const carrier = new Carrier({
      ...{ link, journal, monotonicMs, onTime, logger },
      ...{ refusedMs: this.#timing.refusedMs, gatherMs: this.#timing.gatherMs },
      ...{ standing: this.#standing, pace: this.#pace, refusals: this.#refusals },
      onProgress: () => this.#onProgress(),
      onSilence: () => this.#lose(link, 'a message is not answered'),
    });
    this.#connection = { link, carrier };
  }

  async #open(link: Link, roundTripMs: number): Promise<void> {
    this.#pace.opened(roundTripMs);
    this.#isOpen = true;
    await this.#teller.begin(link);
    if (link === this.#connection?.link) this.#connection.carrier.begin();
  }

  #onProgress(): void {
    const { durableUpTo, behind } = this.#standing;
    this.#progress.note({ atMs: this.#options.clock.monotonicMs(), durableUpTo, behind });
    this.#backoff.reset();
    this.#lastProblem = '';
  }

  /** Ends a connection with all it holds; the next one sends again what is not answered. */
  #lose(link: Link, reason: string, how: 'cut' | 'silence' = 'silence'): void {
    if (link !== this.#connection?.link || this.#isStopped) return;
    if (reason !== this.#lastProblem) this.#options.logger.warn({ reason }, 'uplink connects anew');
    this.#lastProblem = reason;
    this.#leave(how);
    void link.end();
    this.#later(this.#backoff.next(), () => this.#connect());
    void this.#standing.lookForOldest();
  }

  #leave(how: 'cut' | 'silence' = 'cut') {
    const connection = this.#connection;
    clearTimeout(this.#timer);
    this.#teller.end();
    this.#progress.reset();
    if (connection?.carrier.end()) this.#pace.lost(how);
    this.#connection = undefined;
    this.#isOpen = false;
    return connection;
  }

  #later(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }
}
