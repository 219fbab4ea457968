import { reasonOf } from '../reason.ts';
import { elapsed, type Instant } from '../time.ts';
import { bandOf } from './band.ts';
import type { ControlledZone, ControllerConfig } from './config.ts';
import type { Action, Tally, ValveReport, ZoneState } from './types.ts';

/** What of a step's turn (turn.ts) it works with. */
interface Tallying {
  readonly config: ControllerConfig;
  readonly layout: ControlledZone;
  readonly now: Instant;
  readonly actions: Action[];
}

/**
 * A run's water by its meter's counter. Words come late and in another order, so the highest that was told counts. A counter that
 * goes up by more than can have run, or goes back for longer than words are late, measures this run no more: nobody knows what it
 * was given, and its time ends it.
 */
export function beginTally({ valve }: ZoneState, now: Instant): Tally | null {
  if (valve?.totalLitres == null) return null;
  const { totalLitres: before, totalSinceStart: isSinceStart } = valve;
  return { before, highest: before, seen: now, isTold: false, isSinceStart, backSince: null };
}

/** After a word of the valve or its meter. */
export function withTally(zone: ZoneState, report: ValveReport, turn: Tallying): ZoneState {
  const { phase } = zone;
  if (!('run' in phase) || phase.run.tally === null || report.totalLitres === null) return zone;
  const tally = tallyAfter(phase.run.tally, report.totalLitres, report, zone, turn);
  return { ...zone, phase: { ...phase, run: { ...phase.run, tally } } };
}

function tallyAfter(
  tally: Tally,
  total: number,
  report: ValveReport,
  { id, valve }: ZoneState,
  turn: Tallying,
): Tally | null {
  const { now, config } = turn;
  // Another counter: the gateway's own sum, or the meter's from now on.
  if (tally.isSinceStart !== (report.totalSinceStart === true)) return null;
  const flow = Math.max(report.flowLitresPerMinute ?? 0, valve?.flowLitresPerMinute ?? 0);
  const seconds = (now.farmMs - tally.seen.farmMs) / 1000;
  const isBack = total < tally.highest;
  const most = mostLitres(isBack ? 0 : seconds, flow, turn);
  const isLate = isBack && !(tally.backSince && elapsed(tally.backSince, now, config.lateness));
  if (Math.abs(total - tally.highest) <= most && (isLate || !isBack))
    return isBack
      ? { ...tally, isTold: true, backSince: tally.backSince ?? now }
      : { ...tally, isTold: true, highest: total, seen: now, backSince: null };
  const reason = reasonOf('meter_jumped', { fromLitres: tally.highest, toLitres: total });
  // One that begins anew after a power cut is no broken one.
  turn.actions.push({ kind: 'raise_alarm', zone: id, severity: isBack ? 'low' : 'high', reason });
  return null;
}

/** The most that can have run in so many farm seconds: at the flow that the zone may have, with words as late as they may be. */
export function mostLitres(seconds: number, flow: number, turn: Pick<Tallying, 'config' | 'layout'>): number {
  const { config } = turn;
  const lateSeconds = config.lateness.realSeconds * config.speed;
  const litresPerMinute = Math.max(flow, bandOf(flow, turn).high);
  return (litresPerMinute * (seconds + lateSeconds)) / 60 + config.stuckCounterLitres;
}
