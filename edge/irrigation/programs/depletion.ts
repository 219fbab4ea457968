import { type Amount, amountOfLitres, secondsOf } from './amount.ts';
import { whenOf } from './bans.ts';
import { DAY_MS } from './calendar.ts';
import type { Conditions, Watering } from './conditions.ts';
import { dryingDays } from './drying.ts';
import { expectedRainMm } from './forecast.ts';
import type { Opportunity, Stretches } from './opportunities.ts';
import type { DepletionProgram } from './program.ts';
import { litresOfWatering } from './progress.ts';
import { programReason } from './reasons.ts';
import { goingOn, not, type Sum, type Verdict, water } from './verdict.ts';
import { rainMmOfLast } from './weather.ts';

const HOUR_MS = 3_600_000;
/** A model that was not fed for longer knows nothing of today. */
const MODEL_STALE_MS = 2 * DAY_MS;
const MIN_NET_MM = 1;
const STRESS_LIMIT = 1.1;
/** Rain is told beside the soil from here on. */
const TOLD_RAIN_MM = 1;
/** Expected within so many hours, rain needs room. */
const RAIN_HOURS = 24;

/** The root zone now: what the model has counted, what has evaporated since, what has been watered since. Depths mm. */
export interface RootZone {
  readonly depletionMm: number;
  readonly rawMm: number;
  readonly lineMm: number;
  /** 1 at field capacity, 0 at the wilting point. */
  readonly availableWater: number;
  readonly etcMmPerDay: number;
  readonly litresPerMm: number;
}

/** Null when there is no figure that may be used. */
export function rootZoneOf(program: DepletionProgram, conditions: Conditions): RootZone | null {
  const { depletion, nowMs, history, zone } = conditions;
  if (!depletion) return null;
  const { asOfMs, rawMm, tawMm, litresPerMm } = depletion;
  const figures = [depletion.depletionMm, rawMm, tawMm, litresPerMm, asOfMs];
  if (!figures.every(Number.isFinite) || rawMm <= 0 || tawMm <= 0 || litresPerMm <= 0) return null;
  if (nowMs - asOfMs > MODEL_STALE_MS || asOfMs - nowMs > HOUR_MS) return null;
  const etcMmPerDay = Math.max(0, depletion.etcMmPerDay ?? 0);
  const evaporatedMm = etcMmPerDay * Math.max(0, dryingDays(conditions.site.timeZone, asOfMs, nowMs));
  const uncounted = history.filter((one) => endedAtMs(one, nowMs) > asOfMs);
  const wateredMm = uncounted.reduce((sum, one) => sum + litresOfWatering(one, zone), 0) / litresPerMm;
  const depletionMm = Math.min(tawMm, Math.max(0, depletion.depletionMm + evaporatedMm - wateredMm));
  const { allowedDepletionFraction: mad, triggerRawFraction: trigger = 1 } = program;
  const lineMm = mad === undefined ? trigger * rawMm : mad * tawMm;
  return { depletionMm, rawMm, lineMm, availableWater: 1 - depletionMm / tawMm, etcMmPerDay, litresPerMm };
}

/** By the monotonic clock where it can tell: the wall clock may have been set since. */
function endedAtMs({ ended }: Watering, nowMs: number): number {
  if (ended === null) return nowMs;
  return ended.agoSeconds === null ? ended.atMs : nowMs - ended.agoSeconds * 1000;
}

/**
 * What a decision taken now comes to; null when so little is not worth it. The net depth is never above the depletion, and
 * room for rain never takes from it what keeps the soil above its line until `untilMs`, the next chance.
 */
function refill(
  program: DepletionProgram,
  root: RootZone,
  untilMs: number,
  conditions: Conditions,
): Amount | null {
  const roomMm = Math.max(program.roomForRainMm ?? 0, rainSoonMm(conditions));
  const neededMm = driestMm(root, untilMs, conditions) - Math.max(root.rawMm, root.lineMm);
  const netMm = Math.min(root.depletionMm, Math.max(root.depletionMm - roomMm, neededMm));
  if (netMm < leastMm(program)) return null;
  return amountOfLitres(netMm * root.litresPerMm, conditions.zone);
}

/** Depletion at a later moment if neither rain nor watering came. */
function driestMm({ depletionMm, etcMmPerDay }: RootZone, atMs: number, conditions: Conditions): number {
  const { nowMs, site } = conditions;
  return depletionMm + etcMmPerDay * Math.max(0, dryingDays(site.timeZone, nowMs, atMs));
}

function leastMm({ minNetMm = MIN_NET_MM }: DepletionProgram): number {
  return minNetMm;
}

/** A decision that has begun goes on, as far as rain has not filled the root zone meanwhile. */
export function goOn(
  program: DepletionProgram,
  root: RootZone | null,
  planned: Amount,
  delivered: number,
  conditions: Conditions,
): Verdict {
  const reason = (sum: Sum) => goingOn(sum, delivered);
  if (!root) return water(planned, reason);
  if (root.depletionMm < Math.min(leastMm(program), root.lineMm)) return not(enough(root, conditions));
  return water(planned, reason, secondsOf(root.depletionMm * root.litresPerMm, conditions.zone));
}

function rainSoonMm({ forecast, nowMs }: Conditions): number {
  return (forecast && expectedRainMm(forecast, nowMs, nowMs + RAIN_HOURS * HOUR_MS, nowMs)) ?? 0;
}

/**
 * Whether the root zone is to be refilled in `now`, a stretch in which the program may water; `later` are those to come.
 * The rule is FAO-56's (1998 ch. 8, 2025 §8.4): at or before Dr = RAW, and not more than Dr.
 */
export function byDepletion(
  program: DepletionProgram,
  root: RootZone,
  { now, later }: Stretches,
  conditions: Conditions,
): Verdict {
  const { site, nowMs } = conditions;
  const figures = figuresOf(root);
  const chance = program.windows || conditions.turn ? later.find(({ slot }) => slot !== now.slot) : undefined;
  const untilMs = chance?.startMs ?? nowMs + RAIN_HOURS * HOUR_MS;
  const driestAt = (atMs: number) => driestMm(root, atMs, conditions);
  const isDry = root.depletionMm >= root.lineMm;
  const isLast = chance !== undefined && driestAt(chance.startMs) > Math.max(root.rawMm, root.lineMm);
  if (!isDry && !isLast) return not(enough(root, conditions));

  const better = later.find(({ rank, startMs }) => rank < now.rank && driestAt(startMs) <= root.rawMm);
  if (better)
    return not(
      programReason('program_waits_better_window', { ...figures, ...whenOf(better.startMs, site) }),
      better.startMs,
    );
  const amount = refill(program, root, untilMs, conditions);
  const postponed = postponedByRain(program, root, untilMs, chance, conditions);
  if (postponed) return postponed;
  if (!amount) return not(enough(root, conditions));
  if (isDry || !chance)
    return water(amount, (sum) => programReason('program_depletion', { ...figures, ...sum }));
  const expected = { expectedDepletionMm: driestAt(chance.startMs), rawMm: root.rawMm };
  const ahead = { ...figures, ...expected, ...whenOf(chance.startMs, site) };
  return water(amount, (sum) => programReason('program_depletion_ahead', { ...ahead, ...sum }));
}

/**
 * Expected rain postpones a watering to the next chance when it would make it needless, and when without it the soil would
 * still not be drier than the stress limit by then: a forecast may be wrong, the crop does not pay for it.
 */
function postponedByRain(
  program: DepletionProgram,
  root: RootZone,
  untilMs: number,
  chance: Opportunity | undefined,
  conditions: Conditions,
): Verdict | null {
  const { forecast, nowMs, site } = conditions;
  const expectedMm = forecast && expectedRainMm(forecast, nowMs, untilMs, nowMs);
  if (!expectedMm) return null;
  const limitMm = (program.stressLimitRawFraction ?? STRESS_LIMIT) * root.rawMm;
  const driest = driestMm(root, untilMs, conditions);
  const isBearable = driest <= limitMm;
  const isNeedless = driest - expectedMm < Math.min(root.lineMm, root.rawMm);
  if (!isBearable || !isNeedless) return null;
  const figures = { ...figuresOf(root), expectedMm, ...whenOf(untilMs, site) };
  return not(programReason('program_postponed_rain', figures), chance?.startMs ?? null);
}

export function enough(root: RootZone, conditions: Conditions) {
  const rainMm = rainMmOfLast(RAIN_HOURS, conditions);
  return rainMm < TOLD_RAIN_MM
    ? programReason('program_enough', figuresOf(root))
    : programReason('program_enough_rain', { ...figuresOf(root), rainMm });
}

export function figuresOf({ depletionMm, lineMm, availableWater }: RootZone) {
  return { depletionMm, lineMm, availableWater };
}
