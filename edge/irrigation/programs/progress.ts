import type { Reason } from '@nongtin/broker/wire';
import { type Amount, type Cutting, litresOf, partsOf, secondsOf } from './amount.ts';
import { timeText } from './calendar.ts';
import type { Conditions, Wanted, Watering, ZoneFacts } from './conditions.ts';
import { programReason } from './reasons.ts';

/** What the journal says of one decision. */
export interface Progress {
  /** As it was when the first cycle was decided; null: none has been. */
  readonly planned: Amount | null;
  /** In the measure of the decision: litres where it has them, else seconds. */
  readonly delivered: number;
  /** Of the newest cycle; 0: none yet. */
  readonly cycle: number;
  readonly isStoppedByPerson: boolean;
  /** The newest cycle ended because the probe said that it is wet enough. */
  readonly hasReachedTarget: boolean;
  /** Since its newest cycle ended, as far as any clock can tell. */
  readonly restedSeconds: number;
  /** Since the zone was watered, by whomever, at least: whatever was done to the wall clock. */
  readonly zoneRestedSeconds: number;
}

/** Parts of a decision that may fail (no answer, cut off by a restart) and are made up for by another one. */
const SPARE_CYCLES = 3;
/** Less than this is not worth another opening. */
const LEFT_FRACTION = 0.05;
const LEFT_SECONDS = 30;
/** A zone's flow is seldom its nominal one; litres end a cycle, and its seconds only limit it. */
const SLOW_FLOW = 1.25;
/** Between a wish and its valve pass a durable intent, the pump and the radio. */
const OPENING_MS = 60_000;

export function progressOf(decisionId: string, conditions: Conditions): Progress {
  const { history, zone } = conditions;
  const own = history.filter((one) => one.decisionId === decisionId);
  const first = own.reduce<Watering | null>((a, b) => (a && a.cycle <= b.cycle ? a : b), null);
  const newest = own.reduce<Watering | null>((a, b) => (a && a.cycle >= b.cycle ? a : b), null);
  const planned = first && { seconds: first.decisionSeconds, litres: first.decisionLitres };
  const isByLitres = planned?.litres != null;
  return {
    planned,
    delivered: own.reduce((sum, one) => sum + deliveredBy(one, isByLitres, zone), 0),
    cycle: newest?.cycle ?? 0,
    hasReachedTarget: newest?.ended?.outcome === 'target_reached',
    isStoppedByPerson: own.some(({ ended }) => ended?.outcome === 'stopped'),
    restedSeconds: Math.min(...own.map((one) => restedByAnyClock(one, conditions))),
    zoneRestedSeconds: Math.min(...history.map((one) => restedSeconds(one, conditions))),
  };
}

/** What was measured counts; what nobody knows counts as it was planned, so that nothing is watered twice. */
function deliveredBy({ plannedSeconds, ended }: Watering, isByLitres: boolean, zone: ZoneFacts): number {
  const { seconds = null, litres = null } = ended ?? {};
  if (isByLitres) return litres ?? litresOf(seconds ?? plannedSeconds, zone);
  if (seconds !== null || litres === null) return seconds ?? plannedSeconds;
  return Math.min(plannedSeconds, secondsOf(litres, zone));
}

/** Litres that reached the zone, by the same rule. */
export function litresOfWatering(watering: Watering, zone: ZoneFacts): number {
  return deliveredBy(watering, true, zone);
}

/** A run of this start is timed by the monotonic clock; one of an earlier start has rested at least since this start. */
function restedSeconds({ ended }: Watering, { clock }: Conditions): number {
  return ended === null ? 0 : (ended.agoSeconds ?? clock.sinceStartMs / 1000);
}

/** The same as far as the wall clock can tell more: it may have been set, so no soak is left to it. */
function restedByAnyClock(watering: Watering, conditions: Conditions): number {
  const { clock, nowMs } = conditions;
  const wallSeconds = watering.ended && clock.isTrusted ? (nowMs - watering.ended.atMs) / 1000 : 0;
  return watering.ended?.agoSeconds ?? Math.max(wallSeconds, restedSeconds(watering, conditions));
}

/** A decision of one slot, and until when it may water. */
interface Decision {
  readonly id: string;
  readonly cutting: Cutting;
  readonly endMs: number;
}

interface Standstill {
  readonly reason: Reason;
  /** When it goes on; null: not by the passing of time, or not at all. */
  readonly inSeconds: number | null;
  /** Nothing more is done for this decision. */
  readonly isOver: boolean;
}
export type Cycle = Omit<Wanted, 'reason' | 'untilSoilMoisture'> & {
  /** So many will there be in all, as it looks now. */
  readonly cycles: number;
};

/** Why a decision is not carried on now, whatever soil and weather say; null when its next cycle is due. */
export function standstill(
  { planned, delivered, cycle, isStoppedByPerson, zoneRestedSeconds }: Progress,
  { cutting }: Decision,
  conditions: Conditions,
): Standstill | null {
  const over = (reason: Reason): Standstill => ({ reason, inSeconds: null, isOver: true });
  if (isStoppedByPerson) return over(programReason('program_stopped_by_person', {}));
  if (planned) {
    if (isEnough(planned, delivered)) return over(doneReason(planned, delivered));
    if (cycle >= partsOf(planned.seconds, cutting) + SPARE_CYCLES)
      return over(programReason('program_gave_up', { cycles: cycle }));
  }
  const inSeconds = cutting.soakSeconds - zoneRestedSeconds;
  if (inSeconds <= 0) return null;
  return { reason: soaking(cutting.soakSeconds, inSeconds, conditions), inSeconds, isOver: false };
}

/** The next cycle, of at most `mostSeconds`, of a decision that nothing stands against; null when what is left of its time is too short. */
export function nextCycle(
  planned: Amount,
  mostSeconds: number,
  progress: Progress,
  { id: decisionId, cutting, endMs }: Decision,
  { nowMs, zone }: Conditions,
): Cycle | null {
  const rest = nominalSeconds(planned, zone) - nominalDelivered(planned, progress.delivered, zone);
  const left = Math.min(rest, mostSeconds);
  const parts = partsOf(left, cutting);
  const partSeconds = left / parts;
  const litres = planned.litres === null ? null : litresOf(partSeconds, zone);
  const limit = litres === null ? Math.max(1, Math.floor(partSeconds)) : Math.ceil(partSeconds * SLOW_FLOW);
  const leftMs = endMs - nowMs - OPENING_MS;
  const seconds = Math.min(limit, cutting.maxSeconds, Math.floor(leftMs / 1000));
  if (seconds < Math.min(LEFT_SECONDS, partSeconds)) return null;
  const cycle = progress.cycle + 1;
  return {
    ...{ decisionId, cycle, cycles: cycle + parts - 1, seconds, litres },
    openBeforeMs: endMs - seconds * 1000,
    ...{ decisionSeconds: planned.seconds, decisionLitres: planned.litres },
  };
}

function nominalSeconds({ seconds, litres }: Amount, zone: ZoneFacts): number {
  return litres === null ? seconds : secondsOf(litres, zone);
}

function nominalDelivered({ litres }: Amount, delivered: number, zone: ZoneFacts): number {
  return litres === null ? delivered : secondsOf(delivered, zone);
}

function isEnough({ seconds, litres }: Amount, delivered: number): boolean {
  const all = litres ?? seconds;
  const worthSeconds = Math.min(LEFT_SECONDS, seconds / 2);
  const left = all - delivered;
  return left <= all * Math.max(LEFT_FRACTION, worthSeconds / seconds);
}

function doneReason(planned: Amount, delivered: number) {
  return planned.litres === null
    ? programReason('program_done_time', { deliveredSeconds: delivered, decisionSeconds: planned.seconds })
    : programReason('program_done_litres', { deliveredLitres: delivered, decisionLitres: planned.litres });
}

function soaking(soakSeconds: number, inSeconds: number, { nowMs, site }: Conditions): Reason {
  const nextTime = timeText(site.timeZone, nowMs + inSeconds * 1000);
  return programReason('program_soaking', { soakSeconds, nextTime });
}

/** What waters the zone already, or has been told to and is not recorded yet; null: nothing does. */
export function runningReason({ history }: Conditions): Reason | null {
  const running = history.find(({ ended }) => ended === null);
  if (!running) return null;
  return running.decisionId === null
    ? programReason('already_running', {})
    : programReason('program_running', { cycle: running.cycle });
}
