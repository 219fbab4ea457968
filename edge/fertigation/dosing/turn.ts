import type { Reason } from '@nongtin/broker/wire';
import type { Instant } from '../../irrigation/time.ts';
import type { DayOf } from './limits.ts';
import type { HeadAction, HeadConfig, HeadState } from './types.ts';

/** What a step needs to know beside the state. */
export interface Surroundings {
  readonly head: HeadConfig;
  /** The local day of a UTC time. */
  readonly dayOf: DayOf;
  /** Makes ids unique across starts. */
  readonly idPrefix: string;
}

/** One step of a head: its moment, and what it asks for. */
export interface Turn extends Surroundings {
  readonly now: Instant;
  readonly actions: HeadAction[];
  /** What tanks have given of the day's limit in earlier doses, mL, as far as this step has asked. */
  readonly earlierToday: Map<string, number>;
}

/** Nothing is dosed any more in the runs that flow now, whatever comes. */
export function spent(state: HeadState, spentWhy: Reason): HeadState {
  const running = state.water?.runs.map(({ runId }) => runId) ?? [];
  const all = [...new Set([...state.spentRuns, ...(state.session?.runIds ?? []), ...running])];
  return { ...state, spentRuns: all.slice(-MOST_SPENT), spentWhy };
}

/** Runs that are remembered; the water of earlier ones is long over. */
const MOST_SPENT = 200;

/** Until a person has looked. */
export function locked(state: HeadState, why: Reason): HeadState {
  return spent({ ...state, lock: state.lock ?? why }, why);
}
