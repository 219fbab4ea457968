import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../../irrigation/reason.ts';
import { elapsed, type Instant } from '../../irrigation/time.ts';
import type { HeadAction, HeadConfig, HeadState } from './types.ts';

/** What is told to people as an alarm, and how serious it is; everything else is only shown. */
const severities: Readonly<Record<string, 'low' | 'high' | 'critical'>> = {
  ...{ dose_probe_stale: 'high', dose_probe_doubted: 'high', dose_probe_out_of_range: 'high' },
  ...{ dose_probes_disagree: 'high', dose_limit_run: 'low', dose_limit_day: 'low', dose_limit_tank: 'high' },
  ...{
    dose_pump_silent: 'critical',
    dose_pump_runs: 'critical',
    dose_no_effect: 'high',
    dose_pump_not_calibrated: 'low',
    dose_tank_not_filled: 'low',
  },
  ...{ dose_pumps_unconfirmed: 'high', dose_pump_too_slow: 'low' },
};
/** Told without waiting: it is no doubt that may pass. */
const AT_ONCE = new Set([
  'dose_pump_silent',
  'dose_pump_runs',
  'dose_no_effect',
  'dose_limit_run',
  'dose_limit_day',
  'dose_limit_tank',
]);

interface Turn {
  readonly head: HeadConfig;
  readonly now: Instant;
  readonly actions: HeadAction[];
}

/** Raises the alarm of what stands in the way; clears those whose reason is gone while water is dosed, when it can be seen. */
export function tell(state: HeadState, turn: Turn): HeadState {
  const reason = dueReason(state, turn);
  const severity = reason === null ? undefined : severities[reason.key];
  const isNews = reason !== null && severity !== undefined && !state.told.includes(reason.key);
  if (isNews) turn.actions.push({ kind: 'raise_alarm', severity, reason });
  const told = isNews ? [...state.told, reason.key] : state.told;
  const isWell = state.session !== null && state.why === null && state.session.slow === null;
  if (!isWell || told.length === 0) return { ...state, told };
  for (const key of told) turn.actions.push({ kind: 'clear_alarm', key });
  return { ...state, told: [] };
}

/** What has lasted for so long that people should know, or is no doubt that may pass. */
function dueReason({ lock, why, whySince, session }: HeadState, { head, now }: Turn): Reason | null {
  const lasts = (since: Instant | null | undefined) =>
    since != null && elapsed(since, now, head.limits.doubt);
  const reason = lock ?? why;
  if (reason !== null) return AT_ONCE.has(reason.key) || lasts(whySince) ? reason : null;
  const slow = session?.slow ?? null;
  return slow !== null && lasts(slow.since) ? reasonOf('dose_pump_too_slow', { tank: slow.tank }) : null;
}
