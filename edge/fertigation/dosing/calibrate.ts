import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../../irrigation/reason.ts';
import { elapsed, type Instant } from '../../irrigation/time.ts';
import { rateIn } from './rate.ts';
import type { Turn } from './turn.ts';
import type { EventOf, HeadConfig, HeadState, TankConfig } from './types.ts';

/** A person stands there with a cup for so long; the shortest tells something of a pump that takes a moment to start. */
const SHORTEST_SECONDS = 5;
const LONGEST_SECONDS = 120;

/**
 * Why a tank's pump must not run into a measuring cup now; null: it may. It is the only time that a pump runs without water: never
 * while anything is dosed, was stopped, is locked or not known. An injector draws only while water flows, from a cup of clear water.
 */
export function calibrationBar(
  state: HeadState,
  { tank: id, seconds }: { readonly tank: string; readonly seconds: number },
  head: HeadConfig,
  now: Instant,
): Reason | null {
  const tank = head.tanks.find((known) => known.id === id);
  if (tank === undefined) return reasonOf('dose_tank_unknown', { tank: id });
  if (!Number.isInteger(seconds) || seconds < SHORTEST_SECONDS || seconds > LONGEST_SECONDS)
    return reasonOf('dose_calibration_seconds', { min: SHORTEST_SECONDS, max: LONGEST_SECONDS });
  if (state.session !== null) return reasonOf('dose_calibration_doses');
  if (state.pulse !== null) return reasonOf('dose_calibration_runs', { tank: state.pulse.tank });
  return barredFor(tank, state, head, now);
}

/** The same while it runs: what has come up since. */
function barredFor(tank: TankConfig, state: HeadState, head: HeadConfig, now: Instant): Reason | null {
  if (state.lock !== null) return state.lock;
  if (state.isHeld) return reasonOf('dose_stopped_by_person');
  if (state.sweep !== null) return reasonOf('dose_pumps_unconfirmed', { pumps: state.sweep.silent.length });
  const { water } = state;
  const flows = water !== null && water.runs.length > 0;
  if (tank.injector === undefined) return flows ? reasonOf('dose_calibration_water_flows') : null;
  if (!flows || elapsed(water.seen, now, head.limits.flowAge))
    return reasonOf('dose_calibration_needs_water');
  return null;
}

export function calibrating(state: HeadState, event: EventOf<'calibrate'>, turn: Turn): HeadState {
  const { tank, seconds, calibrationId } = event;
  if (calibrationBar(state, event, turn.head, turn.now) !== null) return state;
  const config = turn.head.tanks.find(({ id }) => id === tank);
  const issued = state.issued + 1;
  const commandId = `${turn.idPrefix}-cup-${issued}`;
  turn.actions.push({ kind: 'run_pump', tank, commandId, seconds });
  const millilitres = seconds * ((config && rateIn(config, state.water)) ?? 0);
  const pulse = { tank, commandId, seconds, millilitres, calibrationId, sentAt: turn.now };
  return {
    ...state,
    issued,
    pulse: { ...pulse, counter: state.water?.counter ?? 0, isHeard: false, stop: null },
  };
}

/** Whether the pulse is one into a cup, and may go on. */
export function mayGoOn(state: HeadState, { head, now }: Pick<Turn, 'head' | 'now'>): boolean {
  const { pulse } = state;
  const tank = head.tanks.find(({ id }) => id === pulse?.tank);
  if (pulse === null || pulse.calibrationId === null || tank === undefined) return false;
  return barredFor(tank, state, head, now) === null;
}
