import type { Reason } from '@nongtin/broker/wire';
import type { Amount } from './amount.ts';
import { type ProgramReasons, programReason } from './reasons.ts';

/** What the reason of a watering says of its decision; filled in when its cycle is known. */
export type Sum = Pick<
  ProgramReasons['program_cycle_time'],
  'decisionSeconds' | 'decisionLitres' | 'plannedLitres' | 'cycle' | 'cycles'
>;

/** What a program of one kind says in a stretch of time in which it may water. */
export type Verdict =
  | {
      readonly water: Amount;
      readonly reason: (sum: Sum) => Reason;
      /** No more than this now, at nominal flow, whatever is left of the decision. */
      readonly mostSeconds: number;
    }
  /** Not now; `nextAtMs`: when that may change, null: when the next stretch begins. */
  | { readonly water: null; readonly reason: Reason; readonly nextAtMs: number | null };

export function water(amount: Amount, reason: (sum: Sum) => Reason, mostSeconds = Infinity): Verdict {
  return { water: amount, reason, mostSeconds };
}

export function not(reason: Reason, nextAtMs: number | null = null): Verdict {
  return { water: null, reason, nextAtMs };
}

/** Of the second cycle and those after it: `delivered` in the measure of the decision. */
export function goingOn(sum: Sum, delivered: number): Reason {
  return sum.decisionLitres === undefined
    ? programReason('program_cycle_time', { ...sum, deliveredSeconds: delivered })
    : programReason('program_cycle_litres', { ...sum, deliveredLitres: delivered });
}
