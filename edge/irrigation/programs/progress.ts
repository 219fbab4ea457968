import type { Reason } from '@nongtin/broker/wire';
import { type Amount, type Cutting, litresOf, partsOf } from './amount.ts';
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
  readonly isRunning: boolean;
  readonly isStoppedByPerson: boolean;
  /** The newest cycle ended because the probe said that it is wet enough. */
  readonly hasReachedTarget: boolean;
  /** Since the newest cycle ended, at least. */
  readonly restedSeconds: number;
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
    isRunning: own.some(({ ended }) => ended === null),
    isStoppedByPerson: own.some(({ ended }) => ended?.outcome === 'stopped'),
    restedSeconds: own.reduce((least, one) => Math.min(least, restedSeconds(one, conditions)), Infinity),
  };
}

/** What was measured counts; what nobody knows counts as it was planned, so that nothing is watered twice. */
function deliveredBy({ plannedSeconds, ended }: Watering, isByLitres: boolean, zone: ZoneFacts): number {
  if (isByLitres) return ended?.litres ?? litresOf(ended?.seconds ?? plannedSeconds, zone);
  return ended?.seconds ?? plannedSeconds;
}

/** Litres that reached the zone, by the same rule. */
export function litresOfWatering(watering: Watering, zone: ZoneFacts): number {
  return deliveredBy(watering, true, zone);
}

/**
 * A run of this start is timed by the monotonic clock. One of an earlier start has rested at least since this start; the
 * wall clock may say more, if it is to be believed.
 */
function restedSeconds({ ended }: Watering, { clock, nowMs }: Conditions): number {
  if (ended === null) return 0;
  if (ended.agoSeconds !== null) return ended.agoSeconds;
  const byWallClock = clock.isTrusted ? (nowMs - ended.atMs) / 1000 : 0;
  return Math.max(byWallClock, clock.sinceStartMs / 1000);
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

/** Why a decision that has begun does not go on now; null when its next cycle is due. */
export function standstill(
  progress: Progress,
  decision: Decision,
  conditions: Conditions,
): Standstill | null {
  const { planned, delivered, cycle, restedSeconds: rested } = progress;
  if (planned === null) return null;
  const over = (reason: Reason): Standstill => ({ reason, inSeconds: null, isOver: true });
  if (progress.isRunning)
    return { reason: programReason('program_running', { cycle }), inSeconds: null, isOver: false };
  if (progress.isStoppedByPerson) return over(programReason('program_stopped_by_person', {}));
  if (isEnough(planned, delivered)) return over(doneReason(planned, delivered));
  const most = partsOf(planned.seconds, decision.cutting) + SPARE_CYCLES;
  if (cycle >= most) return over(programReason('program_gave_up', { cycles: cycle }));
  const { soakSeconds } = decision.cutting;
  if (rested >= soakSeconds) return null;
  const inSeconds = soakSeconds - rested;
  return { reason: soaking(cycle, soakSeconds, inSeconds, conditions), inSeconds, isOver: false };
}

/** The next cycle of a decision that nothing stands against; null when what is left of its time is too short. */
export function nextCycle(
  planned: Amount,
  progress: Progress,
  { id: decisionId, cutting, endMs }: Decision,
  { nowMs, zone }: Conditions,
): Cycle | null {
  const left = nominalSeconds(planned, zone) - nominalDelivered(planned, progress.delivered, zone);
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
  return litres === null ? seconds : (litres / zone.nominalFlowLitresPerMinute) * 60;
}

function nominalDelivered({ litres }: Amount, delivered: number, zone: ZoneFacts): number {
  return litres === null ? delivered : (delivered / zone.nominalFlowLitresPerMinute) * 60;
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

function soaking(cycle: number, soakSeconds: number, inSeconds: number, { nowMs, site }: Conditions) {
  const nextTime = timeText(site.timeZone, nowMs + inSeconds * 1000);
  return programReason('program_soaking', { cycle, soakSeconds, nextTime });
}
