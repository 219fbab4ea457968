import type { AlarmRecord, ClockRecord, Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { OpenJournal } from '../journal/index.ts';
import { type Boot, Boots } from './boots.ts';
import { type Dating, type Held, JournalDating } from './dating.ts';
import { WallFollower } from './follower.ts';
import type { GatewayClock } from './gateway-clock.ts';
import { boundsOf, ClockProblem, chosenStart } from './release.ts';
import type { Machine } from './system.ts';
import {
  type ClockSource,
  type ClockTrust,
  isThisMachine,
  isWallTrusted,
  SOFTWARE_BEGAN_MS,
} from './trust.ts';

type KeptJournal = Pick<
  OpenJournal,
  'bootId' | 'records' | 'appendRecord' | 'read' | 'lastNumber' | 'moveCursor'
>;

interface ClockKeeperOptions {
  readonly clock: GatewayClock;
  readonly machine: Machine;
  readonly setting: ClockTrust;
  /** The small file that outlives a start. */
  readonly path: string;
  readonly logger: Logger;
}

interface ClockAlarms {
  raise(source: string, severity: AlarmRecord['severity'], reason: Reason): void;
  clear(source: string, key: string): void;
}

/** An earlier start of the gateway whose readings wait until somebody says when it was. */
export interface UndatedBoot {
  readonly bootId: string;
  /** By its own clock. */
  readonly startedAtMs: number;
  readonly ranForMs: number;
  readonly entries: number;
  readonly readings: number;
  /** UTC: when it can have begun. */
  readonly earliestStartMs: number;
  readonly latestStartMs: number | null;
}

export interface ClockState {
  readonly trusted: boolean;
  /** What made it trusted; null while it is not. */
  readonly source: ClockSource | null;
  readonly bootId: string;
  /** How far the machine's clock is ahead of the gateway's. */
  readonly machineAheadMs: number;
  readonly undated: readonly UndatedBoot[];
}

const TICK_MS = 1_000;
/** Asking the system costs a process; a new answer is worth it so often. */
const ASK_EVERY_MS = 10_000;
const KNOWN_EVERY_MS = 10 * 60_000;
const SLACK_MS = 5 * 60_000;
const MOST_RECORDS = 10_000;
const ALARM_SOURCE = 'gateway';
const CURSOR = 'undated';

/**
 * Decides whether the gateway's time is trusted, keeps it right, and dates the boots that had none (decision 0010).
 * begin() after the journal is open, watch() when alarms can be raised.
 */
export class ClockKeeper {
  readonly #options: ClockKeeperOptions;
  readonly #boots: Boots;
  readonly #dating: JournalDating;
  readonly #follower: WallFollower;
  readonly #listeners = new Set<(bootId: string) => void>();
  #journal: KeptJournal | undefined;
  #alarms: ClockAlarms | undefined;
  #source: ClockSource | null = null;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #knownAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClockKeeperOptions) {
    this.#options = options;
    this.#boots = new Boots(options.path);
    this.#dating = new JournalDating(this.#boots, () => this.#keepHeld());
    this.#follower = new WallFollower({
      ...options,
      onStep: (record) => this.#openJournal().appendRecord({ ...record, bootId: this.#openJournal().bootId }),
      onDispute: (aheadMs) => this.#dispute(aheadMs),
    });
  }

  get dating(): Dating {
    return this.#dating;
  }

  /** Throws a StartProblem when its file cannot be read. */
  async begin(journal: KeptJournal): Promise<void> {
    const { clock, machine, setting, logger } = this.#options;
    this.#journal = journal;
    const newestKnownMs = this.#boots.open() ?? (await journal.records('boot', 1))[0]?.atMs ?? 0;
    const wallMs = clock.nowMs() + clock.wallAheadMs();
    const isTrusted = isWallTrusted({ setting, wallMs, newestKnownMs, ...(await machine.time()) });
    const clockRecords = await journal.records('clock', MOST_RECORDS);
    this.#dating.load(clockRecords, isTrusted ? journal.bootId : '');
    await this.#dating.recount(journal);
    this.#keepHeld();
    if (isTrusted) {
      this.#source = 'system';
      await this.#dateEarlier('system');
      return;
    }
    const notBeforeMs = Math.max(newestKnownMs, SOFTWARE_BEGAN_MS);
    clock.distrust(notBeforeMs);
    const machineBootId = machine.bootId();
    this.#boots.put({
      ...{ bootId: journal.bootId, startedAtMs: clock.nowMs(), uptimeMs: machine.uptimeMs(), notBeforeMs },
      ...(machineBootId === undefined ? {} : { machineBootId }),
    });
    logger.warn({ wallMs, newestKnownMs }, 'the clock is not trusted: readings wait for their date');
  }

  /** From here on the machine's clock is watched, and what a person should know is an alarm. */
  watch(alarms: ClockAlarms): void {
    this.#alarms = alarms;
    this.#tell();
    this.#timer = setInterval(() => void this.tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
    if (this.#source !== null && this.#journal) this.#know();
  }

  /** Called when readings of a boot can be delivered; also for those that were dated before this start. */
  onDated(listener: (bootId: string) => void): void {
    this.#listeners.add(listener);
    for (const { bootId } of this.#boots.list()) if (this.#dating.isDated(bootId)) listener(bootId);
  }

  /** Whether readings that are dated are still on their way. */
  isDelivering(): boolean {
    return this.#boots.list().some(({ bootId }) => this.#dating.isDated(bootId));
  }

  held(bootId: string): Held | undefined {
    return this.#dating.held(bootId);
  }

  /** What was held of this boot is in the series store. */
  delivered(bootId: string): void {
    this.#dating.release(bootId);
    this.#boots.remove(bootId);
    this.#keepHeld();
    this.#tell();
  }

  state(): ClockState {
    const { clock } = this.#options;
    return {
      trusted: clock.isTrusted(),
      source: this.#source,
      bootId: this.#openJournal().bootId,
      machineAheadMs: Math.round(clock.wallAheadMs()),
      undated: this.#undated().map((boot) => this.#shown(boot)),
    };
  }

  /** What is to be told of the time at the other end of an uplink. A cloud on this machine knows no more than we do. */
  timeFrom(url: string): (utcMs: number) => void {
    if (isThisMachine(url)) return () => {};
    return (utcMs) => {
      const { clock, logger } = this.#options;
      // The provisional clock began with the newest time that was ever known.
      if (clock.isTrusted() || utcMs < clock.nowMs() - SLACK_MS) return;
      this.#establish(utcMs, 'cloud').catch((error: unknown) =>
        logger.error({ err: error }, 'the cloud’s time could not be journaled'),
      );
    };
  }

  /** A person says that it is this time now. Throws a ClockProblem that says what is wrong with it. */
  async confirm(utcMs: number): Promise<void> {
    const { clock } = this.#options;
    const now = new Date(clock.nowMs()).toISOString();
    if (clock.isTrusted())
      throw new ClockProblem(
        `The clock is trusted and says ${now}: set the machine's own time to correct it.`,
      );
    if (utcMs < SOFTWARE_BEGAN_MS || utcMs > Date.UTC(2100, 0, 1))
      throw new ClockProblem(`${new Date(utcMs).toISOString()} cannot be now: give today's date and time.`);
    await this.#establish(utcMs, 'person');
  }

  /** Dates an earlier boot. Without a start it is dated as late as it can have been. Throws a ClockProblem. */
  async release(bootId: string, startedAtMs?: number): Promise<void> {
    const boot = this.#boots.get(bootId);
    if (boot === undefined || this.#dating.isDated(bootId))
      throw new ClockProblem(`No readings of a boot '${bootId}' wait for their date.`, true);
    if (bootId === this.#openJournal().bootId)
      throw new ClockProblem('This is the boot that runs now: tell the time instead (POST /api/clock).');
    const utcMs = chosenStart(this.#boundsOf(boot), startedAtMs);
    await this.#date(boot.bootId, boot.startedAtMs, utcMs, 'person');
  }

  /** One look at the machine's clock; each second. */
  tick(): Promise<void> {
    this.#ticking ??= this.#look()
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'the clock could not be kept'))
      .finally(() => {
        this.#ticking = undefined;
      });
    return this.#ticking;
  }

  async #look(): Promise<void> {
    const { clock, machine, setting } = this.#options;
    if (!clock.isTrusted()) {
      if (!this.#mayAsk()) return;
      const wallMs = clock.nowMs() + clock.wallAheadMs();
      // Ours began with the newest time known: a wall clock that merely went on is not ahead of it.
      const facts = { setting, wallMs, newestKnownMs: clock.nowMs() + SLACK_MS, ...(await machine.time()) };
      if (!clock.isTrusted() && isWallTrusted(facts)) await this.#establish(wallMs, 'system');
      return;
    }
    if (clock.monotonicMs() - this.#knownAtMs >= KNOWN_EVERY_MS) {
      this.#know();
      this.#keepHeld();
    }
    if (setting === 'untrusted' || !(await this.#follower.look(this.#source))) return;
    this.#source = 'system';
  }

  async #establish(utcMs: number, source: ClockSource): Promise<void> {
    const { clock, logger } = this.#options;
    const provisionalMs = clock.nowMs();
    const { bootId } = this.#openJournal();
    clock.trust(utcMs);
    this.#source = source;
    logger.info({ source, utcMs, provisionalMs }, 'the clock is trusted from here on');
    this.#know();
    await this.#date(bootId, provisionalMs, Math.round(utcMs), source);
    await this.#dateEarlier(source);
  }

  /** Boots before this one: exactly, when the machine has been on since; otherwise only that they had ended by then. */
  async #dateEarlier(source: ClockSource): Promise<void> {
    const { clock, machine } = this.#options;
    this.#know();
    const current = this.#openJournal().bootId;
    for (const boot of this.#boots.list()) {
      if (boot.bootId === current || this.#dating.isDated(boot.bootId)) continue;
      const isSameMachineBoot = boot.machineBootId !== undefined && boot.machineBootId === machine.bootId();
      const agoMs = machine.uptimeMs() - (isSameMachineBoot ? boot.uptimeMs : 0);
      const utcMs = Math.round(clock.nowMs() - agoMs);
      if (isSameMachineBoot) await this.#date(boot.bootId, boot.startedAtMs, utcMs, source);
      else if (boot.notAfterMs === undefined) this.#boots.put({ ...boot, notAfterMs: utcMs });
    }
    this.#tell();
  }

  /** Durable before anybody uses it: readings that were dated in two ways would be there twice. */
  async #date(bootId: string, provisionalMs: number, utcMs: number, source: ClockSource): Promise<void> {
    const record: ClockRecord = {
      ...{ kind: 'clock', atMs: this.#options.clock.nowMs(), bootId, provisionalMs, utcMs, source },
    };
    await this.#openJournal().appendRecord(record);
    this.#dating.add(record);
    this.#tell();
    for (const listener of this.#listeners) listener(bootId);
  }

  #boundsOf(boot: Boot) {
    const ranForMs = this.#dating.held(boot.bootId)?.monotonicMs ?? 0;
    const { clock } = this.#options;
    return boundsOf(boot, ranForMs, clock.isTrusted() ? clock.nowMs() : undefined);
  }

  #shown(boot: Boot): UndatedBoot {
    const { entries = 0, readings = 0, monotonicMs = 0 } = this.#dating.held(boot.bootId) ?? {};
    const { earliestStartMs, latestStartMs } = this.#boundsOf(boot);
    const { bootId, startedAtMs } = boot;
    return {
      ...{ bootId, startedAtMs, ranForMs: monotonicMs, entries, readings, earliestStartMs },
      latestStartMs: latestStartMs ?? null,
    };
  }

  /** Those that a person can do something about. */
  #undated(): readonly Boot[] {
    const current = this.#openJournal().bootId;
    return this.#boots
      .list()
      .filter(({ bootId, firstNumber }) => bootId === current || firstNumber !== undefined)
      .filter(({ bootId }) => !this.#dating.isDated(bootId));
  }

  #dispute(aheadMs: number | undefined): void {
    if (aheadMs === undefined) {
      this.#alarms?.clear(ALARM_SOURCE, 'clock_disagrees');
      return;
    }
    const figures = { differenceSeconds: Math.round(aheadMs / 1000) };
    this.#alarms?.raise(ALARM_SOURCE, 'high', { key: 'clock_disagrees', figures });
  }

  /**
   * A cursor of the journal's own for what waits, behind which nothing is given up to make room. When nothing waits it
   * follows the journal.
   */
  #keepHeld(): void {
    const { logger } = this.#options;
    const journal = this.#openJournal();
    const first = this.#dating.firstHeld();
    journal
      .moveCursor(CURSOR, first === undefined ? journal.lastNumber() : first - 1)
      .catch((error: unknown) => logger.error({ err: error }, 'the cursor of undated readings is not saved'));
  }

  #tell(): void {
    const alarms = this.#alarms;
    if (alarms === undefined) return;
    if (this.#options.clock.isTrusted()) alarms.clear(ALARM_SOURCE, 'clock_untrusted');
    else alarms.raise(ALARM_SOURCE, 'low', { key: 'clock_untrusted', figures: {} });
    const current = this.#openJournal().bootId;
    const boots = this.#undated().filter(({ bootId }) => bootId !== current).length;
    if (boots === 0) alarms.clear(ALARM_SOURCE, 'boot_undated');
    else alarms.raise(ALARM_SOURCE, 'low', { key: 'boot_undated', figures: { boots } });
  }

  #know(): void {
    const { clock, logger } = this.#options;
    this.#knownAtMs = clock.monotonicMs();
    try {
      this.#boots.known(clock.nowMs());
    } catch (error) {
      logger.error({ err: error }, 'the newest time known could not be saved');
    }
  }

  #mayAsk(): boolean {
    const monotonicMs = this.#options.clock.monotonicMs();
    if (monotonicMs - this.#askedAtMs < ASK_EVERY_MS) return false;
    this.#askedAtMs = monotonicMs;
    return true;
  }

  #openJournal(): KeptJournal {
    if (this.#journal === undefined) throw new Error('the clock has not begun');
    return this.#journal;
  }
}
