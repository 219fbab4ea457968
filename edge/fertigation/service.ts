import type { DoseCalibrationRecord, DoseRecord, RunRecord, TankFillRecord } from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';
import { farmClock } from '../irrigation/clock.ts';
import type { ControllerState, ControlReading } from '../irrigation/controller/types.ts';
import { DAY_MS } from '../irrigation/programs/calendar.ts';
import { reasonOf } from '../irrigation/reason.ts';
import type { Instant } from '../irrigation/time.ts';
import { systemTimers } from '../irrigation/timers.ts';
import { addressOf, DoseBook } from './book.ts';
import { Calibrations, type CalibrationView } from './calibrations.ts';
import { calibrationBar } from './dosing/calibrate.ts';
import { DosingHead } from './head.ts';
import { nutrientLedger, type PlotNutrients, seasonsOf } from './nutrient-ledger.ts';
import type { Answer, FertigationOptions, Person } from './options.ts';
import { contentOf, type Head, type Tank } from './schema.ts';
import { readSeason } from './season-journal.ts';
import { tellDoubt } from './stock-doubts.ts';
import { type HeadView, headView, type RecipeView, recipeViews } from './view.ts';

const TICK_MS = 250;
const LOOK_BACK_MS = 400 * DAY_MS;

/**
 * The shell of the dosing heads: proven flow from the irrigation controller, words of probes and pumps, and people's wishes go in;
 * pump commands, records and alarms come out.
 */
export class Fertigation {
  readonly #options: FertigationOptions;
  readonly #book: DoseBook;
  readonly #calibrations = new Calibrations();
  readonly #now: () => Instant;
  #farm: Farm;
  #heads: ReadonlyMap<string, DosingHead> = new Map();
  #irrigation: ControllerState | null = null;
  /** How often people have stopped each head. */
  readonly #stops = new Map<string, number>();
  #acids: ReadonlySet<string>;
  /** From when on the season is in memory. */
  #readFromMs = 0;
  #isStarted = false;
  #endTicks: () => void = () => {};

  constructor(options: FertigationOptions) {
    this.#options = options;
    this.#farm = options.farm;
    this.#book = new DoseBook(options.journal, (tank) => this.#acids.has(tank));
    this.#acids = acidsOf(options.farm);
    this.#now = farmClock(options.clock, options.speed);
  }

  /** Begins with stopping every pump. */
  async start(): Promise<void> {
    const { logger, timers = systemTimers, tickMs = TICK_MS } = this.#options;
    this.#readFromMs = this.#seasonMs();
    await this.#book.start(this.#readFromMs, (error) =>
      logger.error({ err: error }, 'a dose is not in the journal'),
    );
    this.#isStarted = true;
    this.follow(this.#farm);
    this.#endTicks = timers.every(tickMs, () => {
      if (this.#irrigation !== null) this.onStep(this.#irrigation);
      for (const head of this.#heads.values()) head.happen({ kind: 'tick' });
    });
  }

  /** As when the plug is pulled. */
  cutOff(): void {
    this.#endTicks();
    for (const head of this.#heads.values()) head.cutOff();
  }

  /** Every pump is told to stop. Once; again it does nothing. */
  async stop(): Promise<void> {
    this.#endTicks();
    await Promise.all([...this.#heads.values()].map((head) => head.stop()));
  }

  /** The farm has been laid out anew. A head that is as it was notices nothing; another one begins as after a start. */
  follow(farm: Farm): void {
    this.#farm = farm;
    this.#acids = acidsOf(farm);
    if (!this.#isStarted) return;
    const before = this.#heads;
    const heads = (farm.heads ?? []).map((head): [string, DosingHead] => {
      const known = before.get(head.id);
      if (known === undefined || JSON.stringify(known.head) !== JSON.stringify(head)) {
        known?.stop();
        return [head.id, this.#begin(head)];
      }
      known.follow(farm);
      return [head.id, known];
    });
    this.#heads = new Map(heads);
    for (const [id, head] of before) if (!this.#heads.has(id)) head.stop();
  }

  #begin(head: Head): DosingHead {
    return new DosingHead({
      ...{ ...this.#options, farm: this.#farm, head, book: this.#book, now: this.#now },
      onCalibrated: (run) => this.#calibrations.ran(run),
    });
  }

  /** A step of the irrigation controller, before its commands go out: what may not be dosed into any more is stopped first. */
  onStep(irrigation: ControllerState): void {
    this.#irrigation = irrigation;
    for (const head of this.#heads.values()) {
      try {
        head.onWater(irrigation, this.#now());
      } catch (error) {
        // What closes valves stands behind this call: no dosing is worth that they stay open.
        this.#options.logger.error({ err: error, head: head.head.id }, 'dosing failed, the head is stopped');
        head.stop();
      }
    }
  }

  onReadings(readings: readonly ControlReading[]): void {
    for (const head of this.#heads.values()) head.onReadings(readings);
  }

  /** Any message of the broker: a pump's word is read here, before it is durable. */
  onMessage(topic: string, payload: Uint8Array): void {
    for (const head of this.#heads.values()) head.onMessage(topic, payload);
  }

  onStatus(device: string, online: boolean): void {
    if (online) for (const head of this.#heads.values()) head.onOnline(device);
  }

  views(): HeadView[] {
    return [...this.#heads.values()].map((head) => this.#view(head));
  }

  recipes(): RecipeView[] {
    return recipeViews(this.#farm);
  }

  /** Newest first. */
  doses(
    limit: number,
    of: { readonly head?: string | undefined; readonly zone?: string | undefined },
  ): DoseRecord[] {
    return this.#book.doses(limit, of);
  }

  /** A run is over: its water counts for the plans of the season. */
  onRun(run: RunRecord): void {
    this.#book.season.add(run);
  }

  /** What each plot got since its season began. */
  async nutrients(): Promise<PlotNutrients[]> {
    const { journal, calendarMs } = this.#options;
    const fromMs = this.#seasonMs();
    const isRead = fromMs >= this.#readFromMs;
    const season = isRead
      ? this.#book.season
      : await readSeason(journal, (tank) => this.#acids.has(tank), fromMs);
    return nutrientLedger(this.#farm, season, calendarMs());
  }

  /** The earliest that anybody asks for: a year and a month ago, or when the season of a plot began. */
  #seasonMs(): number {
    const { clock, calendarMs } = this.#options;
    return Math.min(clock.nowMs() - LOOK_BACK_MS, ...seasonsOf(this.#farm, calendarMs()).values());
  }

  /** In force at once; its record follows. Undefined when there is no such head. */
  stopDosing(id: string, { name }: Person): HeadView | undefined {
    const head = this.#heads.get(id);
    if (head === undefined) return undefined;
    this.#stops.set(id, (this.#stops.get(id) ?? 0) + 1);
    head.happen({ kind: 'stop' });
    head
      .stands('stopped', name, head.state)
      .catch((error: unknown) =>
        this.#options.logger.error({ err: error, head: id }, 'a stop is not in the journal'),
      );
    return this.#view(head);
  }

  /** Durable first: what begins to dose must not be forgotten. */
  async resume(id: string, { name }: Person): Promise<HeadView | undefined> {
    const head = this.#heads.get(id);
    if (head === undefined) return undefined;
    const stops = this.#stops.get(id);
    await head.stands('resumed', name, { ...head.state, isHeld: false });
    // Somebody may have stopped it while the disk was busy: a stop is a stop.
    if (this.#stops.get(id) === stops) head.happen({ kind: 'resume' });
    return this.#view(head);
  }

  /** A person has looked. */
  async unlock(id: string, { name }: Person): Promise<Answer<HeadView> | undefined> {
    const head = this.#heads.get(id);
    if (head === undefined) return undefined;
    if (head.state.lock === null) return { refused: reasonOf('dose_not_locked') };
    await head.stands('unlocked', name, { ...head.state, lock: null });
    head.happen({ kind: 'unlock' });
    return { done: this.#view(head) };
  }

  /**
   * A person has filled a tank, or has looked how much is in it; `litresBefore`, where it was read too, takes stock of it. In force and
   * durable when it resolves.
   */
  async filled(
    id: string,
    { litres, litresBefore }: { readonly litres: number; readonly litresBefore?: number | undefined },
    person: Person,
  ): Promise<Answer<HeadView> | undefined> {
    const found = this.#tank(id);
    if (found === undefined) return undefined;
    const { head, tank } = found;
    const { capacityLitres } = tank;
    for (const [field, value] of Object.entries({ litres, litresBefore }))
      if (value !== undefined && !(value >= 0 && value <= capacityLitres))
        return { refused: reasonOf('dose_tank_overfull', { capacityLitres, field }) };
    if (litresBefore !== undefined && litresBefore > litres)
      return {
        refused: reasonOf('dose_tank_before_above_after', { field: 'litresBefore', litresBefore, litres }),
      };
    const { journal, clock, newId, alarms } = this.#options;
    const underWayMillilitres = head.state.session?.given[id];
    const record: TankFillRecord = {
      ...{ kind: 'tank_fill', atMs: clock.nowMs(), fillId: newId(), head: head.head.id, tank: id, litres },
      ...(litresBefore === undefined ? {} : { litresBefore, capacityLitres }),
      ...(underWayMillilitres === undefined ? {} : { underWayMillilitres }),
      gramsPerLitre: { ...contentOf(tank) } as Record<string, number>,
      ...{ recordedBy: person.id, recordedByName: person.name },
    };
    await journal.appendRecord(record);
    this.#book.filled(record);
    tellDoubt(head.head, tank, this.#book, alarms);
    head.rereckon(id);
    this.#options.onChanged(head.head.id);
    return { done: this.#view(head) };
  }

  /** A person holds a cup: the pump runs for so many seconds, or it is said why not. */
  calibrate(id: string, seconds: number): Answer<CalibrationView> | undefined {
    const found = this.#tank(id);
    if (found === undefined) return undefined;
    const { head, tank } = found;
    const bar = calibrationBar(head.state, { tank: id, seconds }, head.config, this.#now());
    if (bar !== null) return { refused: bar };
    const calibrationId = this.#options.newId();
    this.#calibrations.begun(id, tank.injector !== undefined, { calibrationId, seconds });
    head.happen({ kind: 'calibrate', calibrationId, tank: id, seconds });
    return this.#shown(id);
  }

  /** At once. Undefined when there is no such tank. */
  endCalibration(id: string): Answer<CalibrationView> | undefined {
    const found = this.#tank(id);
    if (found === undefined) return undefined;
    if (found.head.state.pulse?.tank === id) found.head.happen({ kind: 'stop_calibration' });
    return this.#shown(id);
  }

  /** What the cup holds. Two runs in a row that agree are the pump's rate from here on. */
  async measured(
    id: string,
    cup: { readonly calibrationId: string; readonly millilitres: number },
    person: Person,
  ): Promise<Answer<CalibrationView> | undefined> {
    const found = this.#tank(id);
    if (found === undefined) return undefined;
    const refused = this.#calibrations.read(id, cup.calibrationId, cup.millilitres);
    if (refused !== null) return { refused };
    this.#book.drawn(id, cup.millilitres);
    await this.#calibrated(found, person);
    tellDoubt(found.head.head, found.tank, this.#book, this.#options.alarms);
    found.head.rereckon(id);
    this.#options.onChanged(found.head.head.id);
    return this.#shown(id);
  }

  async #calibrated({ head, tank }: { head: DosingHead; tank: Tank }, person: Person): Promise<void> {
    const agreed = this.#calibrations.agreed(tank.id);
    if (agreed === null) return;
    const { journal, clock } = this.#options;
    const isInjector = tank.injector !== undefined;
    const record: DoseCalibrationRecord = {
      ...{ kind: 'dose_calibration', atMs: clock.nowMs(), head: head.head.id, tank: tank.id },
      address: addressOf(tank),
      millilitresPerSecond: isInjector ? null : agreed.rate,
      millilitresPerLitre: isInjector ? agreed.rate : null,
      ...{ runs: [...agreed.runs], recordedBy: person.id, recordedByName: person.name },
    };
    await journal.appendRecord(record);
    this.#book.calibrated(record);
  }

  #shown(tank: string): Answer<CalibrationView> {
    const view = this.#calibrations.view(tank);
    return view === null ? { refused: reasonOf('dose_calibration_not_run') } : { done: view };
  }

  #tank(id: string): { readonly head: DosingHead; readonly tank: Tank } | undefined {
    for (const head of this.#heads.values()) {
      const tank = head.head.tanks.find((known) => known.id === id);
      if (tank !== undefined) return { head, tank };
    }
    return undefined;
  }

  #view(head: DosingHead): HeadView {
    return headView(head, {
      ...{ farm: this.#farm, book: this.#book, nowMs: this.#options.clock.nowMs(), now: this.#now() },
      calibration: (tank) => this.#calibrations.view(tank),
    });
  }
}

function acidsOf({ heads = [] }: Farm): ReadonlySet<string> {
  return new Set(heads.flatMap(({ tanks }) => tanks.flatMap(({ id, isAcid }) => (isAcid ? [id] : []))));
}
