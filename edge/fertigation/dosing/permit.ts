import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../../irrigation/reason.ts';
import { elapsed, type Instant } from '../../irrigation/time.ts';
import { agreed } from './probes.ts';
import { isMeasured } from './rate.ts';
import type { HeadConfig, HeadState, Recipe, Water } from './types.ts';

export type Permit =
  | { readonly recipe: Recipe; readonly water: Water; readonly ec: number; readonly ph: number }
  /** Why not; null: nobody wants any. */
  | { readonly recipe: null; readonly why: Reason | null };

const no = (why: Reason | null): Permit => ({ recipe: null, why });

/** Whether anything may be dosed at this moment. Every path to a pump leads through here, and none remembers an earlier answer. */
export function permit(state: HeadState, head: HeadConfig, now: Instant): Permit {
  const { water, wetSince } = state;
  if (water === null || wetSince === null || water.runs.length === 0) return no(null);
  const wanted = recipeOf(water);
  if (wanted === null) return no(null);
  if (state.lock !== null) return no(state.lock);
  if (state.isHeld) return no(reasonOf('dose_stopped_by_person', {}));
  if (state.sweep !== null)
    return no(reasonOf('dose_pumps_unconfirmed', { pumps: state.sweep.silent.length }));
  if (state.pulse !== null && state.pulse.calibrationId !== null)
    return no(reasonOf('dose_calibrates', { tank: state.pulse.tank }));
  if (elapsed(water.seen, now, head.limits.flowAge)) return no(reasonOf('dose_flow_stale', {}));
  const dry = water.runs.find(({ litresPerMinute }) => !(litresPerMinute > 0));
  if (dry !== undefined) return no(reasonOf('dose_flow_unproven', { zone: dry.zone }));
  if (wanted === 'differ') return no(reasonOf('dose_zones_differ', {}));
  if (wanted === 'nothing') return no(reasonOf('dose_plan_gives_nothing', {}));
  if (water.runs.some(({ runId }) => state.spentRuns.includes(runId)))
    return no(state.spentWhy ?? reasonOf('dose_stopped_by_person', {}));
  const unmeasured = tanksOf(wanted).find(
    (id) => !head.tanks.some((tank) => tank.id === id && isMeasured(tank)),
  );
  if (unmeasured !== undefined) return no(reasonOf('dose_pump_not_calibrated', { tank: unmeasured }));
  const unfilled = head.tanks.find(
    ({ id, leftMillilitres }) => leftMillilitres === null && tanksOf(wanted).includes(id),
  );
  if (unfilled !== undefined) return no(reasonOf('dose_tank_not_filled', { tank: unfilled.id }));
  // A dose begins with EC of the clear water: nothing of the dose before may be left where it is seen.
  const flushLitres = head.preFlushLitres + head.mixingLitres;
  const isClear = state.session !== null || clearLitres(state) >= flushLitres;
  if (!isClear || water.runs.some(({ litres }) => litres < head.preFlushLitres))
    return no(reasonOf('dose_flushes_before', { litres: isClear ? head.preFlushLitres : flushLitres }));
  if (water.runs.some(({ litresLeft }) => litresLeft <= head.postFlushLitres))
    return no(reasonOf('dose_flushes_after', { litres: head.postFlushLitres }));
  const ec = agreed('ec', state.probes.ec, head.ec, wetSince, now);
  if ('doubt' in ec) return no(ec.doubt);
  const ph = agreed('ph', state.probes.ph, head.ph, wetSince, now);
  if ('doubt' in ph) return no(ph.doubt);
  return { recipe: wanted, water, ec: ec.value, ph: ph.value };
}

/** Water that has passed since anything was dosed; after a start, since then: nobody knows what was in the pipe. */
export function clearLitres({ last, water, firstCounter }: HeadState): number {
  return (water?.counter ?? 0) - (last?.counter ?? firstCounter ?? water?.counter ?? 0);
}

/** Clear water that the flush after the last pulse has lacked, now that no water flows; 0: it was flushed, or nothing was dosed. */
export function unflushedLitres(state: HeadState, { postFlushLitres }: HeadConfig): number {
  const { last, water } = state;
  if (last === null || (water?.runs.length ?? 0) > 0) return 0;
  const lacking = postFlushLitres - clearLitres(state);
  // A meter's last word and a pulse that was on its way make as much.
  return lacking > MOST_LACKING_FRACTION * postFlushLitres ? lacking : 0;
}

const MOST_LACKING_FRACTION = 0.1;

/** What all open zones want; null: none wants anything; `nothing`: by its plan it has what it is to have. */
function recipeOf({ runs }: Water): Recipe | 'differ' | 'nothing' | null {
  const [first] = runs;
  if (first === undefined || runs.every(({ recipe }) => recipe === null)) return null;
  if (!runs.every(({ recipe }) => recipe !== null && recipe.id === first.recipe?.id)) return 'differ';
  const full = runs.filter(({ recipe }) => recipe !== null && givesNothing(recipe));
  if (full.length > 0) return full.length === runs.length ? 'nothing' : 'differ';
  return first.recipe;
}

function givesNothing(recipe: Recipe): boolean {
  const amounts = recipe.mode === 'quantity' ? recipe.millilitres : recipe.plannedMillilitres;
  return amounts !== undefined && Object.values(amounts).every((millilitres) => millilitres <= 0);
}

/** Tanks that a recipe may draw from. */
export function tanksOf(recipe: Recipe): readonly string[] {
  const known = tanksByRecipe.get(recipe);
  if (known !== undefined) return known;
  const quantities = recipe.mode === 'quantity' ? Object.keys(recipe.millilitres) : [];
  const tanks = [...new Set([...Object.keys(recipe.millilitresPerCubicMetre), ...quantities])];
  tanksByRecipe.set(recipe, tanks);
  return tanks;
}

/** Asked for several times in each step of a dose. */
const tanksByRecipe = new WeakMap<Recipe, readonly string[]>();
