import type { Reason } from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';
import { DAY_MS } from '../irrigation/programs/calendar.ts';
import { localDate } from './assignment.ts';
import type { DoseBook } from './book.ts';
import type { CalibrationView } from './calibrations.ts';
import { headOf } from './contradictions.ts';
import { givenToday, worstOf } from './dosing/limits.ts';
import { unflushedLitres } from './dosing/permit.ts';
import type { HeadState, ProbeReading, Quantity } from './dosing/types.ts';
import type { DosingHead } from './head.ts';
import { asOxide } from './nutrients.ts';
import { recipeName } from './recipe.ts';
import { tanksOfRecipe } from './recipe-schema.ts';
import { contentOf, type Head, type Tank, usualProbes } from './schema.ts';
import { doubtOf } from './stock-doubts.ts';
import type { Stocktake } from './stocktaking.ts';

/** What an empty tank in so many days is reckoned from. */
const LOOK_BACK_MS = 14 * DAY_MS;

interface ProbeView {
  readonly device: string;
  readonly channel: string | null;
  readonly value: number | null;
  readonly atMs: number | null;
  /** Fit to dose by; null: it has said nothing since the start. */
  readonly isGood: boolean | null;
}

interface QuantityView {
  readonly min: number;
  readonly max: number;
  readonly tolerance: number;
  readonly probes: readonly ProbeView[];
}

interface TankView {
  readonly tank: string;
  readonly name: string;
  readonly kind: 'pump' | 'injector';
  readonly isAcid: boolean;
  readonly capacityLitres: number;
  /** Null: nobody has said when it was filled. */
  readonly leftLitres: number | null;
  /** At the rate of the last two weeks. */
  readonly daysLeft: number | null;
  readonly filled: { readonly atMs: number; readonly litres: number; readonly by: string } | null;
  /** mL/s of a pump, mL per litre of water of an injector; null: nobody has measured it, and it doses nothing. */
  readonly rate: number | null;
  readonly calibratedAtMs: number | null;
  /** What its level has shown of the rate that was measured, and is in `rate`; 1: nothing else. */
  readonly rateFactor: number;
  /** Of what was meant to be weighed into it, as EC has shown over many doses; 1: nothing else. */
  readonly strength: number;
  /** The latest; null: nobody has taken stock of it. */
  readonly stocktake: Stocktake | null;
  /** Why a person has to look at it, or at its pump. */
  readonly doubt: Reason | null;
  readonly isRunning: boolean;
  readonly perRunMillilitres: number;
  readonly perDayMillilitres: number;
  readonly givenTodayMillilitres: number;
  /** Grams in a litre: N, P2O5, K2O, CaO, MgO, S … */
  readonly gramsPerLitre: Readonly<Record<string, number>>;
  readonly apartFrom: readonly string[];
  readonly calibration: CalibrationView | null;
}

export interface HeadView {
  readonly head: string;
  readonly name: string;
  readonly source: string;
  /**
   * `idle`: nobody wants anything; `dosing`; `flushing`: clear water before or after; `waiting`: it may not, for `reason`;
   * `calibrating`; `stopped` by a person; `locked` until a person has looked.
   */
  readonly state: 'idle' | 'dosing' | 'flushing' | 'waiting' | 'calibrating' | 'stopped' | 'locked';
  /** Why nothing is dosed now; null: it is, or nobody wants it. */
  readonly reason: Reason | null;
  readonly sinceMs: number | null;
  readonly ec: QuantityView;
  readonly ph: QuantityView;
  /** The dose under way. */
  readonly dose: {
    readonly doseId: string;
    readonly recipe: string;
    readonly startedAtMs: number;
    readonly zones: readonly string[];
    readonly waterLitres: number;
    readonly millilitres: Readonly<Record<string, number>>;
    readonly ecTarget: number | null;
    /** All tanks but acid, times what the recipe states. */
    readonly factor: number;
  } | null;
  /** Clear water that the pipes lack since the last dose, because its run was ended before; 0: none. */
  readonly unflushedLitres: number;
  readonly tanks: readonly TankView[];
}

export interface RecipeView {
  readonly recipe: string;
  readonly name: string;
  readonly mode: string;
  readonly head: string | null;
  readonly tanks: readonly string[];
  readonly ecTarget: number | null;
  readonly phTarget: number | null;
  /** Where it is given. */
  readonly places: readonly {
    readonly plot: string;
    /** Null: the whole plot. */
    readonly zone: string | null;
    /** Null: all season. */
    readonly stages: readonly string[] | null;
  }[];
}

interface Seen {
  readonly farm: Farm;
  readonly book: DoseBook;
  readonly calibration: (tank: string) => CalibrationView | null;
  readonly nowMs: number;
  readonly now: Parameters<typeof givenToday>[2];
}

export function headView(dosing: DosingHead, seen: Seen): HeadView {
  const { head, state } = dosing;
  const { session, lock, whySince } = state;
  const standing = seen.book.standing(head.id);
  const since = lock !== null || state.isHeld ? (standing?.atMs ?? null) : (whySince?.atMs ?? null);
  return {
    ...{ head: head.id, name: head.name, source: head.source, state: stateOf(state) },
    ...{ reason: plainer(reasonOfState(state), dosing), sinceMs: since },
    ...{ ec: quantityView(head, 'ec', state), ph: quantityView(head, 'ph', state) },
    dose: session && {
      ...{ doseId: session.doseId, recipe: recipeName(session.recipe.id), startedAtMs: session.begun.atMs },
      zones: [...new Set(Object.values(session.shares).map(({ zone }) => zone))],
      ...{ waterLitres: session.litres, millilitres: session.given, factor: session.loop.factor },
      ecTarget: session.recipe.mode === 'ec' ? session.recipe.ecTarget : null,
    },
    unflushedLitres: session === null ? Math.ceil(unflushedLitres(state, dosing.config)) : 0,
    tanks: head.tanks.map((tank) => tankView(tank, dosing, seen)),
  };
}

function stateOf({ lock, isHeld, pulse, session, why }: HeadState): HeadView['state'] {
  if (lock !== null) return 'locked';
  if (isHeld) return 'stopped';
  if (pulse !== null && pulse.calibrationId !== null) return 'calibrating';
  if (why === null) return session === null ? 'idle' : 'dosing';
  return why.key === 'dose_flushes_before' || why.key === 'dose_flushes_after' ? 'flushing' : 'waiting';
}

function reasonOfState({ lock, isHeld, why }: HeadState): Reason | null {
  return lock ?? (isHeld ? { key: 'dose_stopped_by_person', figures: {} } : why);
}

/** A probe that is silent because nobody has said what its field means is not without power. */
function plainer(reason: Reason | null, dosing: DosingHead): Reason | null {
  if (reason?.key !== 'dose_probe_stale') return reason;
  const { quantity, probe } = reason.figures;
  if (quantity !== 'ec' && quantity !== 'ph') return reason;
  const index = Number(probe) - 1;
  const field = dosing.unnamedField(quantity, index);
  if (field === undefined) return reason;
  const device = dosing.head[quantity].probes[index]?.device ?? '';
  return { key: 'dose_probe_unnamed', figures: { quantity, device, field } };
}

function quantityView(head: Head, quantity: Quantity, { probes }: HeadState): QuantityView {
  const { min, max, tolerance, probes: gauges } = { ...usualProbes[quantity], ...head[quantity] };
  return {
    ...{ min, max, tolerance },
    probes: gauges.map(({ device, channel }, index) => {
      const reading: ProbeReading | null = probes[quantity][index] ?? null;
      return {
        ...{ device, channel: channel ?? null, value: reading?.value ?? null },
        ...{ atMs: reading?.seen.atMs ?? null, isGood: reading?.isGood ?? null },
      };
    }),
  };
}

function tankView(tank: Tank, { state, config, head }: DosingHead, seen: Seen): TankView {
  const { id, name, capacityLitres, perRunMillilitres, perDayMillilitres } = tank;
  const { book, nowMs, now, farm } = seen;
  const its = config.tanks.find((known) => known.id === id);
  const fill = book.fill(id);
  const given = state.session?.given[id] ?? 0;
  const base = its?.leftMillilitres ?? null;
  const leftLitres = base === null ? null : Math.max(0, base - given) / 1000;
  const aDay = book.millilitresADay(id, nowMs - LOOK_BACK_MS, nowMs);
  const today = givenToday(state.given, its ?? tank, now, (atMs) => localDate(farm, atMs));
  return {
    ...{ tank: id, name, kind: tank.injector ? 'injector' : 'pump', isAcid: tank.isAcid === true },
    ...{ capacityLitres, leftLitres, perRunMillilitres, perDayMillilitres },
    daysLeft: leftLitres === null || aDay === null ? null : Math.floor((leftLitres * 1000) / aDay),
    filled: fill ? { atMs: fill.atMs, litres: fill.litres, by: fill.recordedByName } : null,
    rate: (its?.injector ? its.injector.millilitresPerLitre : its?.millilitresPerSecond) ?? null,
    calibratedAtMs: book.calibration(tank)?.atMs ?? null,
    ...{ rateFactor: its?.rateFactor ?? 1, strength: book.season.strength(id) },
    ...{ stocktake: book.stocktake(id), doubt: doubtOf(tank, book) },
    isRunning: state.pulse?.tank === id,
    givenTodayMillilitres: today + worstOf(given, its?.rateFactor),
    gramsPerLitre: asLabel(contentOf(tank)),
    apartFrom: its?.apartFrom.filter((other) => head.tanks.some((known) => known.id === other)) ?? [],
    calibration: seen.calibration(id),
  };
}

const oxidesOf = { P: 'P2O5', K: 'K2O', Ca: 'CaO', Mg: 'MgO' } as const;

/** As people read it: P, K, Ca and Mg as oxides. */
function asLabel(amounts: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(amounts).map(([element, amount = 0]) => {
      const oxide = oxidesOf[element as keyof typeof oxidesOf];
      return oxide === undefined ? [element, amount] : [oxide, asOxide(oxide, amount)];
    }),
  );
}

export function recipeViews({ recipes = [], heads = [], plots }: Farm): RecipeView[] {
  return recipes.map((recipe) => ({
    ...{ recipe: recipe.id, name: recipe.name, mode: recipe.mode, tanks: tanksOfRecipe(recipe) },
    head: headOf(recipe, heads)?.id ?? null,
    ecTarget: recipe.mode === 'ec' ? recipe.ecTarget : null,
    phTarget: recipe.ph?.target ?? null,
    places: plots.flatMap((plot) => [
      ...(plot.fertigation?.recipes ?? [])
        .filter((one) => one.recipe === recipe.id)
        .map(({ stages = null }) => ({ plot: plot.id, zone: null, stages })),
      ...plot.zones.flatMap((zone) =>
        (zone.fertigation?.recipes ?? [])
          .filter((one) => one.recipe === recipe.id)
          .map(({ stages = null }) => ({ plot: plot.id, zone: zone.id, stages })),
      ),
    ]),
  }));
}
