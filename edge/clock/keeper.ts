import type { ClockRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { type OpenJournal, unlessTroubled } from '../journal/index.ts';
import { type AlarmDoor, ClockAlarms } from './alarms.ts';
import { Boots, type Doubt, saveOrTell } from './boots.ts';
import { type Dating, type Held, JournalDating } from './dating.ts';
import { WallFollower } from './follower.ts';
import type { GatewayClock } from './gateway-clock.ts';
import { ClockProblem, UndatedBoots } from './release.ts';
import type { ClockState } from './state.ts';
import type { Machine } from './system.ts';
import {
  type ClockSource,
  type ClockTrust,
  isThisMachine,
  isWallTrusted,
  SOFTWARE_BEGAN_MS,
} from './trust.ts';
import { checkWord, MOST_TO_FOLLOW_MS, PersonsWord } from './word.ts';
import { Words } from './words.ts';

type KeptJournal = Pick<
  OpenJournal,
  'bootId' | 'records' | 'appendRecord' | 'read' | 'lastNumber' | 'moveCursor' | 'onTrouble'
>;

interface ClockKeeperOptions {
  readonly clock: GatewayClock;
  readonly machine: Machine;
  readonly setting: ClockTrust;
  /** The small file that outlives a start. */
  readonly path: string;
  readonly logger: Logger;
}

const TICK_MS = 1_000;
/** Asking the system costs a process; a new answer is worth it so often. */
const ASK_EVERY_MS = 10_000;
const KNOWN_EVERY_MS = 10 * 60_000;
const SLACK_MS = 5 * 60_000;
const MOST_RECORDS = 10_000;
const CURSOR = 'undated';

/**
 * Decides whether the gateway's time is trusted, keeps it right, and dates the boots that had none (decision 0010).
 * begin() after the journal is open, watch() when alarms can be raised.
 */
export class ClockKeeper {
  readonly #options: ClockKeeperOptions;
  readonly #boots: Boots;
  readonly #dating: JournalDating;
  readonly #undated: UndatedBoots;
  readonly #follower: WallFollower;
  readonly #words: Words;
  readonly #word = new PersonsWord();
  readonly #listeners = new Set<(bootId: string) => void>();
  readonly #doubtListeners = new Set<(doubt: Doubt) => void>();
  #journal: KeptJournal | undefined;
  #alarms: ClockAlarms | undefined;
  #source: ClockSource | null = null;
  /** It cannot have been before this time at this moment, for certain and by a person's word. */
  #evidence = { knownMs: 0, toldMs: 0, monotonicMs: 0 };
  /** This boot began with this entry. */
  #firstNumber = 1;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #knownAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClockKeeperOptions) {
    this.#options = options;
    this.#boots = new Boots(options.path);
    this.#dating = new JournalDating(this.#boots, () => this.#keepHeld());
    this.#undated = new UndatedBoots(this.#boots, this.#dating, options.clock);
    this.#words = new Words({ ...options, boots: this.#boots });
    this.#follower = new WallFollower({
      ...options,
      onWrong: (utcMs) => this.#overrule(utcMs, 'system'),
      onStep: (record) => this.#openJournal().appendRecord({ ...record, bootId: this.#openJournal().bootId }),
      onDispute: (aheadMs) => this.#alarms?.dispute(aheadMs),
    });
  }

  get dating(): Dating {
    return this.#dating;
  }

  /** Throws a StartProblem when its file cannot be read. */
  async begin(journal: KeptJournal): Promise<void> {
    const { clock, machine, setting, logger } = this.#options;
    this.#journal = journal;
    this.#firstNumber = journal.lastNumber() + 1;
    const newestKnownMs = this.#boots.open() ?? (await journal.records('boot', 1))[0]?.atMs ?? 0;
    const wallMs = clock.nowMs() + clock.wallAheadMs();
    const isTrusted = isWallTrusted({ setting, wallMs, newestKnownMs, ...(await machine.time()) });
    const clockRecords = await journal.records('clock', MOST_RECORDS);
    this.#dating.load(clockRecords, isTrusted ? journal.bootId : '');
    await this.#dating.recount(journal);
    this.#keepHeld();
    if (isTrusted) {
      this.#source = 'system';
      await unlessTroubled(journal, this.#dateEarlier('system'));
      return;
    }
    const notBeforeMs = Math.max(newestKnownMs, SOFTWARE_BEGAN_MS);
    const utcMs = Math.max(notBeforeMs, this.#boots.newestToldMs());
    this.#evidence = { knownMs: notBeforeMs, toldMs: utcMs, monotonicMs: clock.monotonicMs() };
    clock.distrust(utcMs);
    const machineBootId = machine.bootId();
    const boot = {
      ...{ bootId: journal.bootId, beganAtNumber: this.#firstNumber, notBeforeMs },
      ...{ startedAtMs: clock.nowMs(), uptimeMs: machine.uptimeMs() },
      ...(machineBootId === undefined ? {} : { machineBootId }),
    };
    saveOrTell(logger, () => this.#boots.put(boot));
    logger.warn({ wallMs, newestKnownMs }, 'the clock is not trusted: readings wait for their date');
  }

  /** From here on the machine's clock is watched, and what a person should know is an alarm. */
  watch(alarms: AlarmDoor): void {
    this.#alarms = new ClockAlarms(alarms);
    // What the two clocks disagreed about before this start is over: ours has begun anew.
    this.#alarms.dispute(undefined);
    this.#tell();
    this.#timer = setInterval(() => void this.tick(), TICK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#journal) await unlessTroubled(this.#journal, this.#ticking);
    if (this.#source !== null && this.#journal) this.#know();
  }

  /** Called when readings of a boot can be delivered; also for those that were dated before this start. */
  onDated(listener: (bootId: string) => void): void {
    this.#listeners.add(listener);
    for (const { bootId } of this.#boots.list()) if (this.#dating.isDated(bootId)) listener(bootId);
  }

  /** Called for readings whose date proved wrong, to be flagged in the store; also for those from before this start. */
  onDoubted(listener: (doubt: Doubt) => void): void {
    this.#doubtListeners.add(listener);
    for (const doubt of this.#boots.doubts()) if (!doubt.isTold) listener(doubt);
  }

  /** The flags are in the series store. */
  told(doubt: Doubt): void {
    this.#words.told(doubt);
  }

  /** Whether readings that are dated, or doubted, are still on their way. */
  isDelivering(): boolean {
    if (this.#boots.doubts().some(({ isTold }) => !isTold)) return true;
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
      told: this.#word.waiting(clock.monotonicMs()),
      machineAheadMs: Math.round(clock.wallAheadMs()),
      undated: this.#undated.list(this.#openJournal().bootId),
    };
  }

  /** What is to be told of the time at the other end of an uplink. A cloud on this machine knows no more than we do. */
  timeFrom(url: string): (utcMs: number) => void {
    if (isThisMachine(url)) return () => {};
    return (utcMs) => {
      const { clock, logger } = this.#options;
      const isWrong = Math.abs(utcMs - clock.nowMs()) > MOST_TO_FOLLOW_MS;
      // A time server is asked by the machine; a person may have been wrong.
      if (clock.isTrusted() && !(this.#source === 'person' && isWrong)) return;
      if (utcMs < this.#since(this.#evidence.knownMs) - SLACK_MS) return;
      const heard = clock.isTrusted() ? this.#overrule(utcMs, 'cloud') : this.#establish(utcMs, 'cloud');
      heard.catch((error: unknown) =>
        logger.error({ err: error }, 'the cloud’s time could not be journaled'),
      );
    };
  }

  /**
   * A person says that it is this time now: it counts at once or after ten minutes (word.ts), and may be told again as
   * long as no time server is followed. `isSure`: whatever speaks against it. Throws a ClockProblem.
   */
  async confirm(utcMs: number, isSure = false): Promise<void> {
    const { clock } = this.#options;
    if (this.#source === 'system')
      throw new ClockProblem(
        `The gateway follows the machine's clock, which it trusts, and says ${new Date(clock.nowMs()).toISOString()}: ` +
          "set the machine's time right and restart the gateway.",
      );
    const wallMs = clock.nowMs() + clock.wallAheadMs();
    checkWord(utcMs, { notBeforeMs: this.#since(this.#evidence.toldMs), wallMs }, isSure);
    if (clock.isTrusted()) await this.#tellAgain(utcMs);
    else if (this.#word.tell(utcMs, wallMs, clock.monotonicMs()) || isSure)
      await this.#establish(utcMs, 'person');
  }

  /** Dates an earlier boot. Without a start it is dated as late as it can have been. Throws a ClockProblem. */
  async release(bootId: string, startedAtMs?: number): Promise<void> {
    if (bootId === this.#openJournal().bootId)
      throw new ClockProblem('This is the boot that runs now: tell the time instead (POST /api/clock).');
    const { startedAtMs: provisionalMs, utcMs } = this.#undated.startOf(bootId, startedAtMs);
    await this.#date(bootId, provisionalMs, utcMs, 'person');
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
      const told = this.#word.waiting(clock.monotonicMs());
      if (told?.countsInSeconds === 0) return this.#establish(told.atMs, 'person');
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
    this.#word.withdraw();
    if (source !== 'system') this.#words.noteCurrent(bootId, this.#firstNumber, provisionalMs, utcMs);
    logger.info({ source, utcMs, provisionalMs }, 'the clock is trusted from here on');
    this.#know();
    await this.#date(bootId, provisionalMs, Math.round(utcMs), source);
    await this.#dateEarlier(source);
  }

  /** A trusted clock that was told is told again. What a watch can be wrong by is made up for. */
  async #tellAgain(utcMs: number): Promise<void> {
    const { clock } = this.#options;
    const aheadMs = utcMs - clock.nowMs();
    if (Math.abs(aheadMs) > MOST_TO_FOLLOW_MS) await this.#overrule(utcMs, 'person');
    else if (aheadMs > 0) clock.trust(utcMs);
    else clock.fallBack(-aheadMs);
  }

  /** What was told was wrong: it is this time from here on, and what was dated by the other is flagged. */
  async #overrule(utcMs: number, source: ClockSource): Promise<void> {
    const { clock, logger } = this.#options;
    logger.warn(
      { source, utcMs, wrongMs: clock.nowMs() },
      'the clock was told a wrong time: it is set right',
    );
    clock.correct(utcMs);
    this.#source = source;
    this.#know();
    await this.#review(source);
    const current = this.#openJournal().bootId;
    if (source !== 'system')
      this.#words.noteCurrent(current, this.#firstNumber, clock.nowMs(), clock.nowMs());
    this.#tell();
  }

  async #review(source: ClockSource): Promise<void> {
    for (const doubt of await this.#words.review(this.#openJournal(), source))
      for (const listener of this.#doubtListeners) listener(doubt);
  }

  /** Now, when it was this time at the moment of the evidence. */
  #since(utcMs: number): number {
    return utcMs + (this.#options.clock.monotonicMs() - this.#evidence.monotonicMs);
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
      if (isSameMachineBoot) {
        await this.#date(boot.bootId, boot.startedAtMs, utcMs, source);
        if (source !== 'system') this.#words.noteEarlier(boot, utcMs);
      } else if (boot.notAfterMs === undefined)
        saveOrTell(this.#options.logger, () => this.#boots.put({ ...boot, notAfterMs: utcMs }));
    }
    await this.#review(source);
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
    const current = this.#openJournal().bootId;
    const waiting = this.#undated.list(current).filter(({ bootId }) => bootId !== current).length;
    this.#alarms?.tell(this.#options.clock.isTrusted(), waiting);
  }

  #know(): void {
    const { clock, logger } = this.#options;
    this.#knownAtMs = clock.monotonicMs();
    const nowMs = clock.nowMs();
    if (this.#source !== 'person')
      this.#evidence = { knownMs: nowMs, toldMs: nowMs, monotonicMs: this.#knownAtMs };
    const isTold = this.#source === 'person';
    saveOrTell(logger, () => (isTold ? this.#boots.told(nowMs) : this.#boots.known(nowMs)));
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
