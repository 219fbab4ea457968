import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../../irrigation/reason.ts';
import type { Instant } from '../../irrigation/time.ts';
import type { HeadConfig, HeadLimits, Learnt, LoopState, Mean, Recipe, Water } from './types.ts';

const NOTHING: Mean = { sum: 0, count: 0 };
/** Of the error that a step takes away: the stated strength of a stock may be wrong by half. */
const STEP_FRACTION = 0.9;
/** One step moves a factor or the acid by no more than that part of its whole range. */
const MOST_STEP_FRACTION = 0.15;
/** Stock is never dosed at more than so many times its stated ratio. */
export const MOST_FACTOR = 2;
/** Readings that are averaged before a step: single ones are noise, and saw the pulses go by. */
const LEAST_READINGS = 5;
const LEARNT_ACID_FRACTION = 0.8;

export function firstLoop(
  recipe: Recipe,
  known: { readonly sourceEc: number | null; readonly learnt: Learnt | undefined },
  counter: number,
  now: Instant,
): LoopState {
  const { sourceEc, learnt } = known;
  return {
    sourceEc,
    strength: learnt?.strength ?? 1,
    factor: recipe.mode === 'ec' ? firstFactor(recipe, sourceEc, learnt?.strength ?? 1) : 1,
    // A little less: the water may be softer than it was.
    acid: recipe.ph === null ? 0 : LEARNT_ACID_FRACTION * (learnt?.acid ?? 0),
    changedAtLitres: counter,
    changedAt: now,
    ec: NOTHING,
    ph: NOTHING,
    shown: null,
    begunAtLitres: counter,
    factorSince: { litres: counter, given: 0 },
    seenStrength: null,
  };
}

/** What the clear water lacks, by what the stocks have shown to add. */
function firstFactor(
  { ecTarget, ecRise }: Extract<Recipe, { mode: 'ec' }>,
  sourceEc: number | null,
  strength: number,
): number {
  return clamp((ecTarget - (sourceEc ?? 0)) / (ecRise * strength), 0, MOST_FACTOR);
}

/**
 * What the water has shown, for the next dose of the recipe. One dose is wrong by as much as its source has moved meanwhile, so it changes
 * what was known by a part only.
 */
export function learntFrom({ seenStrength, acid }: LoopState, before: Learnt | undefined): Learnt {
  const known = before?.strength ?? null;
  if (seenStrength === null) return { strength: known, acid };
  return { strength: known === null ? seenStrength : known + NEWS_FRACTION * (seenStrength - known), acid };
}

const NEWS_FRACTION = 0.4;

/**
 * What the stocks add of what the recipe says, from a mean of wholly mixed water soon after the dose has begun: later the source is
 * another one. By what was given, not by what was asked for: a pump may be too slow. No stock is weighed so wrong as the bounds.
 */
function strengthSeen(
  { seenStrength, begunAtLitres, factorSince, sourceEc }: LoopState,
  recipe: Recipe,
  ec: number,
  { head, water, given }: Pick<Look, 'head' | 'water' | 'given'>,
): number | null {
  if (seenStrength !== null || begunAtLitres === null || sourceEc === null || recipe.mode !== 'ec')
    return seenStrength;
  const expectedEc = addedEc(factorSince, recipe, { head, water, given });
  const isWhollyMixed = water.counter - begunAtLitres >= 2 * head.mixingLitres;
  if (!isWhollyMixed || !(expectedEc >= LEAST_SEEN_EC)) return null;
  return clamp((ec - sourceEc) / expectedEc, 0.5, 2);
}

/** mS/cm that what was given since the factor was set should have added to the water that has passed since. */
function addedEc(
  since: LoopState['factorSince'],
  recipe: Recipe,
  { head, water, given }: Pick<Look, 'head' | 'water' | 'given'>,
): number {
  if (recipe.mode !== 'ec') return 0;
  const statedMillilitres = (statedRatio(recipe, head) * (water.counter - since.litres)) / 1000;
  return statedMillilitres > 0 ? ((given - since.given) / statedMillilitres) * recipe.ecRise : 0;
}

/** mL/m³ of all tanks but acid. */
function statedRatio({ millilitresPerCubicMetre, ph }: Recipe, { tanks }: HeadConfig): number {
  return tanks
    .filter(({ id, isAcid }) => !isAcid && id !== ph?.tank)
    .reduce((sum, { id }) => sum + (millilitresPerCubicMetre[id] ?? 0), 0);
}

/** The moment of a look, and mL of all tanks but acid that the dose has given by then or that are due. */
interface Look {
  readonly head: HeadConfig;
  readonly water: Water;
  readonly now: Instant;
  readonly given: number;
}

/** After a pause: clear water is on its way to the probes. */
export function goesOn(loop: LoopState, counter: number, now: Instant): LoopState {
  return { ...loop, ec: NOTHING, ph: NOTHING, changedAtLitres: counter, changedAt: now, begunAtLitres: null };
}

/**
 * One look at the mixed water. A change is judged only when the water that holds it has come by the probes and their own time is
 * over: until then nothing is added up, so the integral cannot wind up behind the pipe's delay.
 */
export function looked(
  loop: LoopState,
  recipe: Recipe,
  measured: { readonly ec: number; readonly ph: number },
  at: Look,
): LoopState {
  const { head, water, now } = at;
  const isMixed = water.counter - loop.changedAtLitres >= head.mixingLitres;
  const isShown = now.farmMs - loop.changedAt.farmMs >= head.probeSeconds * 1000;
  if (!isMixed || !isShown) return loop;
  const ec = { sum: loop.ec.sum + measured.ec, count: loop.ec.count + 1 };
  const ph = { sum: loop.ph.sum + measured.ph, count: loop.ph.count + 1 };
  const isEnough =
    ec.count >= LEAST_READINGS && water.counter - loop.changedAtLitres >= 1.25 * head.mixingLitres;
  if (!isEnough) return { ...loop, ec, ph };
  const shown = { ec: ec.sum / ec.count, expectedEc: addedEc(loop.factorSince, recipe, at) };
  const seenStrength = strengthSeen(loop, recipe, shown.ec, at);
  const factor = nextFactor(loop, recipe, shown.ec);
  const acid = nextAcid(loop.acid, recipe, ph.sum / ph.count);
  const isSame = factor === loop.factor && acid === loop.acid;
  // Within the dead bands the mean begins anew all the same: an old one would hide a change of the source.
  return isSame
    ? {
        ...loop,
        ec: NOTHING,
        ph: NOTHING,
        ...{ shown, seenStrength },
        changedAtLitres: water.counter - head.mixingLitres,
        changedAt: loop.changedAt,
      }
    : {
        ...loop,
        factor,
        acid,
        ec: NOTHING,
        ph: NOTHING,
        ...{ shown, seenStrength },
        factorSince: factor === loop.factor ? loop.factorSince : { litres: water.counter, given: at.given },
        changedAtLitres: water.counter,
        changedAt: now,
      };
}

/**
 * Much less than what was put in, by what the pumps have run and not by what was asked for, can be seen in the water: a tank is empty, a line is full of air, a pump turns and gives nothing.
 * Null: it can be seen, or so little was put in that the source's own changes could hide it.
 */
export function hasNoEffect(
  { shown, sourceEc }: LoopState,
  recipe: Recipe,
  limits: HeadLimits,
): Reason | null {
  if (recipe.mode !== 'ec' || sourceEc === null || shown === null) return null;
  const { expectedEc } = shown;
  const seenEc = shown.ec - sourceEc;
  if (expectedEc < LEAST_SEEN_EC || seenEc >= limits.leastEffectFraction * expectedEc) return null;
  return reasonOf('dose_no_effect', { recipe: recipe.id, expectedEc, seenEc });
}

/** Less than that, mS/cm, a change of the source's own EC could hide. */
const LEAST_SEEN_EC = 0.5;

function nextFactor({ factor, strength }: LoopState, recipe: Recipe, ec: number): number {
  if (recipe.mode !== 'ec') return factor;
  const error = recipe.ecTarget - ec;
  if (Math.abs(error) <= recipe.deadBand) return factor;
  const most = MOST_STEP_FRACTION * MOST_FACTOR;
  return clamp(
    factor + clamp((STEP_FRACTION * error) / (recipe.ecRise * strength), -most, most),
    0,
    MOST_FACTOR,
  );
}

/** Acid only ever lowers pH; water that is too sour gets less of it. */
function nextAcid(acid: number, recipe: Recipe, ph: number): number {
  if (recipe.ph === null) return acid;
  const most = recipe.millilitresPerCubicMetre[recipe.ph.tank] ?? 0;
  const error = ph - recipe.ph.target;
  if (Math.abs(error) <= recipe.ph.deadBand) return acid;
  // Of the titration curve only its direction is known: what a unit of pH takes is not the same twice.
  const step = clamp(error, -1, 1) * MOST_STEP_FRACTION * most;
  return clamp(acid + step, 0, most);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
