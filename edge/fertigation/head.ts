import type { DoseAllowanceRecord, DoseRecord, DoseStandingRecord, Reason } from '@nongtin/broker/wire';
import type { Command } from '../actuators/index.ts';
import { type Farm, zonesOf } from '../farm/layout.ts';
import type { ControllerState, ControlReading } from '../irrigation/controller/types.ts';
import { localDay } from '../irrigation/programs/calendar.ts';
import type { Instant } from '../irrigation/time.ts';
import { localDate, placeOf, recipeFor, stageOf } from './assignment.ts';
import type { DoseBook } from './book.ts';
import { begin, finish, type Stepped, step } from './dosing/step.ts';
import type { Surroundings } from './dosing/turn.ts';
import type { EndedDose, HeadAction, HeadEvent, HeadState, Quantity, Untimed } from './dosing/types.ts';
import { headConfig } from './head-config.ts';
import type { FertigationOptions } from './options.ts';
import { timeZoneOf } from './planned.ts';
import { recipeName } from './recipe.ts';
import { contentOf, type Head } from './schema.ts';
import type { BookedDose } from './season.ts';
import { isOfStock } from './stock-doubts.ts';
import { HeadWater } from './water.ts';
import { HeadWiring } from './wiring.ts';

export type Calibrated = Extract<HeadAction, { kind: 'calibrated' }>;
type DosedZones = DoseRecord['zones'];

interface DosingHeadOptions extends FertigationOptions {
  readonly head: Head;
  readonly book: DoseBook;
  readonly now: () => Instant;
  readonly onCalibrated: (run: Calibrated) => void;
}

/** The shell of one head: brings the core what happens, carries out what it asks for. */
export class DosingHead {
  readonly #options: DosingHeadOptions;
  readonly #wiring: HeadWiring;
  readonly #water: HeadWater;
  readonly head: Head;
  #farm: Farm;
  #surroundings: Surroundings;
  #state: HeadState;
  #isStopped = false;
  #issued = 0;
  /** By tank, what the core reckons with: what is in it, and what the dose under way has taken. */
  readonly #base = new Map<string, number | null>();
  /** By tank, of the calibrated rate; the dose under way ends with those that it has begun with. */
  readonly #rateFactors = new Map<string, number>();

  constructor(options: DosingHeadOptions) {
    const { head, book, now, alarms, clock } = options;
    this.#options = options;
    this.head = head;
    this.#farm = options.farm;
    this.#wiring = new HeadWiring(head);
    this.#water = new HeadWater(this.#watching());
    for (const tank of head.tanks) {
      this.#base.set(tank.id, book.left(tank.id));
      this.#rateFactors.set(tank.id, book.rateFactor(tank));
    }
    this.#surroundings = this.#reckoned();
    const standing = book.standing(head.id);
    const told = alarms
      .list()
      .filter(({ source, state }) => source === head.id && state !== 'cleared')
      .map(({ reason }) => reason.key)
      .filter((key) => !isOfStock(key));
    const first = begin(
      this.#surroundings,
      {
        ...{ given: book.given(head.id, clock.nowMs()), learnt: book.learnt(head.id), told },
        ...{ lock: standing?.lock ?? null, isHeld: standing?.isHeld ?? false },
      },
      now(),
    );
    this.#state = first.state;
    this.#carryOut(first.actions);
    for (const { id } of head.tanks) this.#provision(id);
  }

  get state(): HeadState {
    return this.#state;
  }

  get config() {
    return this.#surroundings.head;
  }

  /** The farm has been laid out anew; this head is as it was. */
  follow(farm: Farm): void {
    this.#farm = farm;
    this.#water.follow(this.#watching());
  }

  /** A field by which a probe seems to say the quantity, and that farm.json does not name. */
  unnamedField(quantity: Quantity, index: number): string | undefined {
    return this.#wiring.unnamed(quantity, index);
  }

  /** As when the plug is pulled. */
  cutOff(): void {
    this.#isStopped = true;
  }

  /** Every pump is told to stop, and what was given is recorded; nothing is decided any more. Resolves when that is sent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const { now } = this.#options;
    const { state, actions } = finish(this.#state, this.#surroundings, now());
    this.#state = state;
    const sent = actions.flatMap((action) => (action.kind === 'stop_pump' ? this.#send(action) : []));
    for (const action of actions) if (action.kind === 'journal_dose') this.#journalDose(action.dose, true);
    await Promise.allSettled(sent);
  }

  onWater(irrigation: ControllerState, now: Instant): void {
    if (this.#isStopped) return;
    const water = this.#water.look(irrigation, now);
    if (water.runs.length === 0 && (this.#state.water?.runs.length ?? 0) === 0) return;
    this.happen({ kind: 'water', water });
  }

  onReadings(readings: readonly ControlReading[]): void {
    for (const told of this.#wiring.take(readings)) this.happen(told);
  }

  onMessage(topic: string, payload: Uint8Array): void {
    const told = this.#wiring.report(topic, payload);
    if (told) this.happen(told);
  }

  /** A device of its pumps has come back, perhaps with its settings lost. */
  onOnline(device: string): void {
    if (this.#isStopped) return;
    for (const tank of this.#wiring.tanksOf(device))
      if (this.#state.pulse?.tank !== tank) this.#provision(tank);
  }

  happen(event: Untimed): void {
    if (this.#isStopped) return;
    this.#enter(step(this.#state, { ...event, now: this.#options.now() } as HeadEvent, this.#surroundings));
  }

  /** What was measured of a pump, or filled into a tank, counts from here on. */
  rereckon(tank?: string): void {
    if (tank !== undefined) {
      const left = this.#options.book.left(tank);
      this.#base.set(tank, left === null ? null : left + (this.#state.session?.given[tank] ?? 0));
    }
    if (this.#state.session === null)
      for (const one of this.head.tanks) this.#rateFactors.set(one.id, this.#options.book.rateFactor(one));
    this.#surroundings = this.#reckoned();
  }

  /** The dose under way as the books will have it; none: nothing is dosed. */
  underWay(): BookedDose[] {
    const { session } = this.#state;
    if (session === null) return [];
    const { season } = this.#options.book;
    const tanks = this.#tanks(session.given).map(({ tank, millilitres, gramsPerLitre }) => ({
      ...{ tank, millilitres, bookedMillilitres: millilitres, gramsPerLitre },
      strength: season.strength(tank),
    }));
    const zones = this.#zones(session.shares);
    return [{ startedAtMs: session.begun.atMs, isUpperBound: false, zones, tanks }];
  }

  #reckoned(): Surroundings {
    const { book, idPrefix, clock } = this.#options;
    return {
      head: headConfig(this.head, book, (tank) => ({
        leftMillilitres: this.#base.get(tank.id) ?? null,
        rateFactor: this.#rateFactors.get(tank.id) ?? 1,
        undercounted: book.undercounted(tank, clock.nowMs()),
      })),
      // Asked in each step, for each dose of the last days: its date in words would take longer than all else.
      dayOf: (atMs) => String(localDay(timeZoneOf(this.#farm), atMs)),
      idPrefix: `${idPrefix}-${this.head.id}`,
    };
  }

  #watching() {
    const { library, calendarMs, book } = this.#options;
    const farm = this.#farm;
    return {
      source: this.head.source,
      zones: zonesOf(farm)
        .filter(({ source }) => source === this.head.source)
        .map(({ id }) => id),
      recipeOf: (zone: string, litres: number) =>
        recipeFor(farm, this.head, zone, {
          ...{ library, date: localDate(farm, calendarMs()), litres },
          ...{ season: book.season, underWay: this.underWay() },
        }),
      flowAgeSeconds: this.head.limits?.flowAgeSeconds ?? 60,
    };
  }

  #enter({ state, actions }: Stepped): void {
    const before = this.#state;
    this.#state = state;
    this.#carryOut(actions);
    if (before.lock !== state.lock || before.isHeld !== state.isHeld) this.#stands(before, state);
    if (isShownOtherwise(before, state)) this.#options.onChanged(this.head.id);
  }

  /** What stops goes out before anything runs, is journaled or told. */
  #carryOut(actions: readonly HeadAction[]): void {
    for (const action of actions) if (action.kind === 'stop_pump') this.#send(action);
    for (const action of actions) if (action.kind === 'run_pump') this.#send(action);
    for (const action of actions) this.#record(action);
  }

  #record(action: HeadAction): void {
    const { alarms, onCalibrated } = this.#options;
    switch (action.kind) {
      case 'journal_allowance':
        this.#journalAllowance(action);
        break;
      case 'journal_dose':
        this.#journalDose(action.dose);
        break;
      case 'calibrated':
        onCalibrated(action);
        break;
      case 'raise_alarm':
        alarms.raise(this.head.id, action.severity, action.reason);
        break;
      case 'clear_alarm':
        alarms.clear(this.head.id, action.key);
        break;
    }
  }

  #send(action: Extract<HeadAction, { kind: 'run_pump' | 'stop_pump' }>): Promise<void>[] {
    const atMs = this.#options.clock.nowMs();
    const { tank, commandId } = action;
    return this.#publish(() =>
      action.kind === 'run_pump'
        ? this.#wiring.run(tank, commandId, action.seconds, atMs)
        : this.#wiring.stop(tank, commandId, atMs),
    );
  }

  #provision(tank: string): void {
    const { idPrefix, clock } = this.#options;
    const commandId = `${idPrefix}-${this.head.id}-provision-${++this.#issued}`;
    this.#publish(() => this.#wiring.provision(tank, commandId, clock.nowMs()));
  }

  /** Not sent is the same as not answered: the core repeats what stops, and gives up what does not run. */
  #publish(commandsOf: () => readonly Command[]): Promise<void>[] {
    const { publish, logger } = this.#options;
    const failed = (error: unknown) => logger.warn({ err: error, to: this.head.id }, 'command was not sent');
    try {
      return commandsOf().map(({ topic, payload }) => publish(topic, payload).catch(failed));
    } catch (error) {
      failed(error);
      return [];
    }
  }

  #journalAllowance(action: Extract<HeadAction, { kind: 'journal_allowance' }>): void {
    const { journal, logger, clock } = this.#options;
    const { doseId, recipe, millilitres, given } = action;
    const { session } = this.#state;
    const shares = session?.shares ?? {};
    const record: DoseAllowanceRecord = {
      ...{ kind: 'dose_allowance', atMs: clock.nowMs(), doseId, head: this.head.id },
      ...{ recipe: recipeName(recipe), startedAtMs: session?.begun.atMs ?? clock.nowMs() },
      zones: this.#zones(shares),
      tanks: this.#tanks(millilitres).map((one) => ({ ...one, leastMillilitres: given[one.tank] ?? 0 })),
    };
    journal.appendRecord(record).then(
      () => this.happen({ kind: 'allowance_durable', doseId, millilitres }),
      (error: unknown) => logger.error({ err: error, doseId }, 'allowance is not in the journal, not dosed'),
    );
  }

  /** `isUpperBound`: its last pulse was cut off, and is counted whole. */
  #journalDose(dose: EndedDose, isUpperBound = false): void {
    const { journal, logger, book, onDose } = this.#options;
    const { doseId, startedAtMs, endedAtMs, waterLitres, ec, ph, why, learnt } = dose;
    const record: DoseRecord = {
      ...{ kind: 'dose', doseId, head: this.head.id, recipe: recipeName(dose.recipe) },
      ...{ startedAtMs, endedAtMs, zones: this.#zones(dose.shares) },
      tanks: this.#tanks(dose.millilitres).map((one) => ({
        ...one,
        leftMillilitres: this.#leftAfter(one.tank, one.millilitres),
      })),
      ...{ waterLitres, ec, ph, why, learnt, isUpperBound },
    };
    // Without its record the next start counts all that was allowed.
    journal
      .appendRecord(record)
      .catch((error: unknown) => logger.error({ err: error, doseId }, 'dose is not in the journal'));
    book.ended(record);
    for (const { tank } of record.tanks) this.#base.set(tank, book.left(tank));
    this.rereckon();
    onDose(record);
  }

  #leftAfter(tank: string, millilitres: number): number | null {
    const base = this.#base.get(tank) ?? null;
    return base === null ? null : Math.max(0, base - millilitres);
  }

  #tanks(millilitres: Readonly<Record<string, number>>) {
    return this.head.tanks
      .filter(({ id }) => millilitres[id] !== undefined)
      .map((tank) => ({
        ...{ tank: tank.id, millilitres: millilitres[tank.id] ?? 0 },
        ...rateFactorOf(this.#rateFactors.get(tank.id) ?? 1),
        gramsPerLitre: { ...contentOf(tank) } as Record<string, number>,
        fillId: this.#options.book.fill(tank.id)?.fillId ?? null,
      }));
  }

  /** Who got how much of it: by their water; where none has passed yet, by equal parts. */
  #zones(shares: EndedDose['shares']): DosedZones {
    const { library, calendarMs } = this.#options;
    const date = localDate(this.#farm, calendarMs());
    const runs = Object.entries(shares);
    const litres = runs.reduce((sum, [, one]) => sum + one.litres, 0);
    return runs.map(([runId, one]) => {
      const place = placeOf(this.#farm, one.zone);
      return {
        ...{ zone: one.zone, plot: place?.plot.id ?? '', runId, hectares: place?.hectares ?? 0 },
        stage: place ? stageOf(place.zone, library, date) : null,
        ...{ share: litres > 0 ? one.litres / litres : 1 / runs.length, litres: one.litres },
      };
    });
  }

  /** What the head has found by itself; a person's word is journaled by who takes it. */
  #stands(before: HeadState, { lock, isHeld }: HeadState): void {
    if (before.lock !== null || lock === null) return;
    this.stands('locked', null, { lock, isHeld }).catch((error: unknown) =>
      this.#options.logger.error({ err: error, head: this.head.id }, 'lock is not in the journal'),
    );
  }

  /** Resolves when it is durable. */
  async stands(
    change: DoseStandingRecord['change'],
    by: string | null,
    { lock, isHeld }: { readonly lock: Reason | null; readonly isHeld: boolean },
  ): Promise<void> {
    const { journal, clock, book } = this.#options;
    const head = this.head.id;
    const record: DoseStandingRecord = {
      ...{ kind: 'dose_standing', atMs: clock.nowMs(), head, isHeld, lock, change, by },
    };
    book.stands(record);
    await journal.appendRecord(record);
  }
}

function rateFactorOf(rateFactor: number): { rateFactor?: number } {
  return rateFactor === 1 ? {} : { rateFactor };
}

function isShownOtherwise(before: HeadState, after: HeadState): boolean {
  return (
    before.why?.key !== after.why?.key ||
    before.session?.doseId !== after.session?.doseId ||
    before.lock !== after.lock ||
    before.isHeld !== after.isHeld ||
    before.pulse?.calibrationId !== after.pulse?.calibrationId ||
    (before.sweep === null) !== (after.sweep === null)
  );
}
