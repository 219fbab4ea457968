import { quality, type UplinkLive, type UplinkSummary } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Alarms } from '../alarms/alarms.ts';
import type { ZoneState } from '../irrigation/controller/types.ts';
import type { LiveDevice } from '../live/live.ts';
import type { Link } from './link.ts';
import type { Pace } from './pace.ts';
import { packed } from './packing.ts';
import type { Standing, UplinkJournal } from './standing.ts';
import { summaryOf } from './summary.ts';

/** How the farm is now. */
export interface LiveSource {
  readonly live: { devices(): readonly LiveDevice[] };
  readonly irrigation: { zones(): readonly ZoneState[] };
  readonly alarms: Pick<Alarms, 'list'>;
}

interface TellerOptions {
  readonly journal: Pick<UplinkJournal, 'read' | 'lastNumber'>;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly standing: Pick<Standing, 'durableUpTo' | 'behind' | 'oldestAtMs' | 'isLagging'>;
  readonly pace: Pick<Pace, 'bytesPerSecond'>;
  /** How long the confirmation of so many more bytes may take. */
  readonly waitMs: (bytes: number) => number;
  /** Milliseconds between two messages, when something has changed. */
  readonly everyMs: number;
  /** One was not confirmed in time: the connection is of no use any more. */
  readonly onSilence: (link: Link) => void;
  readonly logger: Logger;
}

/** A slow link gives live values a tenth of what it carries. */
const SHARE = 10;
const MOST_EVERY_MS = 5 * 60_000;
/** Who was away for less has nothing to sum up. */
const AWAY_MS = 10 * 60_000;
const MOST_READINGS = 5_000;
/** One name that the cloud does not take would cost all values. */
const LONGEST_NAME = 200;
const MOST_ZONES = 1_000;
const MOST_ALARMS = 200;

/**
 * Tells the cloud how the farm is, beside the history: at once on a new connection, then whenever something has changed,
 * at a pace that leaves the link to the history. A message is made when it is sent, and one is under way at a time, so
 * nothing ever waits and nothing is ever old. Readings are in it while the history lags: otherwise the entries, which
 * come within seconds, say the same, and nobody pays twice for them.
 */
export class LiveTeller {
  readonly #options: TellerOptions;
  #source: LiveSource | undefined;
  #link: Link | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;
  #unconfirmed = 0;
  #told = '';
  /** The farm was away for long before this connection. */
  #owesSummary = false;
  /** Monotonic time of the newest summary that the cloud has. */
  #summedUpAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  /** Where it takes everything from; until then it is silent. A connection that is there already is told at once. */
  attach(source: LiveSource): void {
    this.#source = source;
    if (this.#link !== undefined) void this.#tellFirst(this.#link);
  }

  /**
   * Begins on a new connection: now, and then what happened meanwhile, before the history. Resolves when both are on
   * their way.
   */
  async begin(link: Link): Promise<void> {
    this.#link = link;
    this.#unconfirmed = 0;
    this.#told = '';
    const { oldestAtMs } = this.#options.standing;
    const isAway = oldestAtMs !== null && this.#options.clock.nowMs() - oldestAtMs >= AWAY_MS;
    const isDue = this.#options.clock.monotonicMs() - this.#summedUpAtMs >= AWAY_MS;
    this.#owesSummary = isAway && isDue;
    if (this.#source !== undefined) await this.#tellFirst(link);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#link = undefined;
  }

  async #tellFirst(link: Link): Promise<void> {
    await this.#send(link);
    // While nobody could tell of the farm the history has gone ahead, perhaps all of it.
    if (this.#owesSummary && this.#options.standing.behind > 0) await this.#sendSummary(link);
    this.#later(link, this.#options.everyMs);
  }

  async #sendSummary(link: Link): Promise<void> {
    const { journal, clock, standing, logger } = this.#options;
    try {
      const [firstNumber, lastNumber] = [standing.durableUpTo + 1, journal.lastNumber()];
      const monotonicMs = () => clock.monotonicMs();
      const summary = await summaryOf({ journal, firstNumber, lastNumber, monotonicMs });
      await this.#send(link, summary);
    } catch (error) {
      // The entries themselves will tell.
      logger.warn({ err: error }, 'what happened without a connection could not be summed up');
    }
  }

  async #tellFor(link: Link): Promise<void> {
    const tookMs = this.#unconfirmed === 0 ? await this.#send(link) : 0;
    this.#later(link, Math.min(MOST_EVERY_MS, Math.max(this.#options.everyMs, tookMs)));
  }

  #later(link: Link, ms: number): void {
    if (link !== this.#link) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tellFor(link), ms);
  }

  /** Resolves, once it is on its way, with how long to wait for the next one at least. */
  #send(link: Link, summary?: UplinkSummary): Promise<number> {
    return this.#makeAndSend(link, summary).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'live values could not be told');
      return 0;
    });
  }

  async #makeAndSend(link: Link, summary: UplinkSummary | undefined): Promise<number> {
    const { journal, clock, pace, waitMs, onSilence } = this.#options;
    const view = this.#view(this.#told === '');
    if (view === undefined) return 0;
    const text = JSON.stringify(view);
    if (text === this.#told && summary === undefined) return 0;
    this.#told = text;
    this.#sequence += 1;
    const order = { number: journal.lastNumber(), sequence: this.#sequence, atMs: clock.nowMs() };
    const message: UplinkLive = { ...order, ...view, ...(summary === undefined ? {} : { summary }) };
    const payload = await packed(JSON.stringify(message));
    if (link !== this.#link) return 0;
    const silence = setTimeout(() => onSilence(link), waitMs(payload.length));
    this.#unconfirmed += 1;
    void link.send('uplinkLive', payload).then((isTaken) => {
      clearTimeout(silence);
      if (link === this.#link) this.#unconfirmed -= 1;
      if (isTaken && summary !== undefined) this.#summedUpAtMs = clock.monotonicMs();
    });
    return (SHARE * payload.length * 1000) / (pace.bytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  #view(isFirst: boolean): Omit<UplinkLive, 'number' | 'sequence' | 'atMs'> | undefined {
    const source = this.#source;
    const { standing } = this.#options;
    if (source === undefined) return undefined;
    const isAhead = isFirst || standing.isLagging;
    return {
      readings: isAhead ? readingsOf(source.live.devices()) : [],
      zones: source.irrigation.zones().slice(0, MOST_ZONES).map(zoneOf),
      alarms: source.alarms
        .list()
        .filter(({ state }) => state !== 'cleared')
        .slice(0, MOST_ALARMS),
      behind: isAhead
        ? { entries: standing.behind, oldestAtMs: standing.oldestAtMs }
        : { entries: 0, oldestAtMs: null },
    };
  }
}

/** The newest, when there are too many. */
function readingsOf(devices: readonly LiveDevice[]): UplinkLive['readings'] {
  const all = devices.flatMap(({ id, readings }) =>
    readings.map(({ metric, channel, value, atMs, quality: flags }) => ({
      ...{ device: id, metric, channel, value },
      ...{ quality: bitsOf(flags), observedAtMs: Math.trunc(atMs) },
    })),
  );
  const named = all.filter(({ device }) => device.length <= LONGEST_NAME);
  if (named.length <= MOST_READINGS) return named;
  return named.sort((a, b) => b.observedAtMs - a.observedAtMs).slice(0, MOST_READINGS);
}

function bitsOf(flags: readonly string[]): number {
  return flags.reduce((bits, flag) => bits | (quality[flag as keyof typeof quality] ?? 0), 0);
}

function zoneOf({ id, phase, valve }: ZoneState): UplinkLive['zones'][number] {
  const flowLitresPerMinute = valve?.flowLitresPerMinute ?? null;
  return { zone: id, state: phase.name, valveOpen: valve?.open ?? null, flowLitresPerMinute };
}
