import { reasonOf } from '../reason.ts';
import { elapsed } from '../time.ts';
import { accusationOf, outcomeOfDoubt } from './doubt.ts';
import { alarm, clear, locked, type SourceTurn, stoppedAtOnce, stoppedReason } from './part.ts';
import { DAY_MS } from './past.ts';
import type { ControlledSource, Demand, Failure, SourceState } from './state.ts';

export interface SourceStep {
  readonly source: SourceState;
  /** Told once. */
  readonly failure: Failure | null;
}

/** What ends everything at once. */
export function judge(source: SourceState, demand: Demand, turn: SourceTurn): SourceStep {
  const { config, limits, now } = turn;
  if (isEmpty(source, demand, turn)) return runDry(source, turn);
  const accused = accuse(source, demand, turn);
  if (accused.failure !== null || (source.stage !== 'delivering' && source.stage !== 'starting'))
    return accused;
  const { pressure: band } = config;
  const odd = source.stage === 'delivering' && band !== null ? source.pressure : null;
  if (
    odd?.oddSince == null ||
    band === null ||
    !elapsed(quietSince(source), now, limits.pressureSettling) ||
    // What was measured before the pump ran is no word of it.
    odd.seen.realMs <= source.since.realMs ||
    !(elapsed(odd.oddSince, odd.seen, limits.pressureFault) || isBorneOut(odd, demand, band))
  )
    return accused;
  const key = odd.value < band.minKilopascals ? 'pressure_too_low' : 'pressure_too_high';
  const reason = reasonOf(key, { kilopascals: odd.value, ...band });
  return { source: locked(source, reason, turn), failure: { outcome: 'interrupted', reason } };
}

/** Since when it delivers without a flush. */
function quietSince({ since, filter }: SourceState) {
  return filter !== null && filter.endedAt.realMs > since.realMs ? filter.endedAt : since;
}

/** A first low pressure may be a slip of the gauge, but not when a zone has just lost its water. */
function isBorneOut(
  { value, seen }: NonNullable<SourceState['pressure']>,
  { losses }: Demand,
  { minKilopascals }: NonNullable<ControlledSource['pressure']>,
): boolean {
  return value < minKilopascals && losses.some(({ at }) => seen.realMs > at.realMs);
}

/** There is a tank, and what was heard of it last is older than this many times its `maxAgeSeconds`: it says nothing any more. */
export function isLevelOld(
  { level }: Pick<SourceState, 'level'>,
  { config: { tank }, now }: Pick<SourceTurn, 'config' | 'now'>,
  ages = 1,
): boolean {
  if (tank === null) return false;
  return level === null || now.realMs - level.seen.realMs > ages * tank.maxAgeSeconds * 1000;
}

/** The tank is empty while water is drawn, or has been found to be when it has failed. */
function isEmpty(
  { stage, level, suspicion }: SourceState,
  { losses }: Demand,
  { config }: SourceTurn,
): boolean {
  const { tank } = config;
  if (tank === null || level === null || level.value > tank.stopPercent || stage === 'locked') return false;
  const since = suspicion?.since ?? losses[0]?.at;
  const isDoubted = since !== undefined && level.seen.realMs > since.realMs;
  return stage === 'delivering' || stage === 'starting' || isDoubted;
}

/** What follows from water that zones behind it have lost. */
function accuse(source: SourceState, demand: Demand, turn: SourceTurn): SourceStep {
  const none: SourceStep = { source, failure: null };
  if (source.suspicion !== null) {
    const { suspicion } = source;
    const outcome = outcomeOfDoubt(source, turn);
    if (outcome === null) return none;
    const over = { ...source, suspicion: null };
    if (outcome !== 'guilty') clear(source, suspicion.reason.key, turn);
    if (outcome === 'guilty') return { source: locked(over, suspicion.reason, turn), failure: null };
    if (suspicion.stopped !== null) alarm(over, 'high', stoppedReason(over, suspicion.stopped), turn);
    return { source: over, failure: null };
  }
  const accusation = accusationOf(source, demand, turn);
  if (accusation === null) return none;
  const { kind, failure } = accusation;
  const isOn = source.stage === 'starting' || source.stage === 'delivering';
  const ended = isOn ? stoppedAtOnce(source, 'stopping', turn) : source;
  if (kind === 'silent') return { source: ended, failure };
  // So that a restart keeps it locked, which knows no more of what it has to say for itself.
  alarm(source, 'critical', failure.reason, turn);
  const suspicion = { since: turn.now, reason: failure.reason, stopped: null };
  return { source: { ...ended, suspicion }, failure };
}

/** A pump that runs dry burns: a few times a day the tank may be filled in between, then a person has to look. */
function runDry(source: SourceState, turn: SourceTurn): SourceStep {
  const { now, config } = turn;
  const most = config.tank?.dryStopsADay ?? 0;
  const recent = source.dryStopsRealMs.filter((realMs) => now.realMs - realMs < DAY_MS);
  const dryStopsRealMs = [...recent, now.realMs];
  const figures = { levelPercent: source.level?.value ?? null, stops: dryStopsRealMs.length };
  const dry = { ...source, isDry: true, dryStopsRealMs, suspicion: null };
  if (source.suspicion !== null) clear(source, source.suspicion.reason.key, turn);
  if (dryStopsRealMs.length > most) {
    const reason = reasonOf('source_dry_too_often', figures);
    return { source: locked(dry, reason, turn), failure: { outcome: 'interrupted', reason } };
  }
  const reason = reasonOf('tank_low', figures);
  alarm(source, 'high', reason, turn);
  const isOff = source.stage === 'resting' || source.stage === 'unknown';
  const stopped = isOff ? dry : stoppedAtOnce(dry, 'stopping', turn);
  return { source: stopped, failure: { outcome: 'interrupted', reason } };
}
