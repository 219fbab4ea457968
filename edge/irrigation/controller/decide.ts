import { quality, type Reason } from '@nongtin/broker/wire';
import { isFitForControl } from '../../ingest/quality.ts';
import { reasonOf } from '../reason.ts';
import type { Instant } from '../time.ts';
import type { ControllerConfig } from './config.ts';
import { failureOfSupply, obstacleOfSupply } from './supply.ts';
import type { Turn } from './turn.ts';
import { cycleKey, type ZoneState } from './types.ts';

/**
 * The moisture to decide with after a new reading. A flagged reading is never used; one out of range also withdraws
 * the one before it, since the probe itself is in doubt.
 */
export function moistureAfter(
  before: ZoneState['moisture'],
  reading: { value: number; quality: number },
  turn: Pick<Turn, 'now'>,
): ZoneState['moisture'] {
  if (!Number.isFinite(reading.value) || (reading.quality & quality.outOfRange) !== 0) return null;
  if (!isFitForControl(reading.quality)) return before;
  return { value: reading.value, seen: turn.now };
}

/** Fit for control and not too old, m³/m³; null: nobody says. */
export function freshMoisture(
  { moisture }: Pick<ZoneState, 'moisture'>,
  {
    now,
    config,
  }: { now: Pick<Instant, 'realMs'>; config: Pick<ControllerConfig, 'moistureMaxAgeRealSeconds'> },
): number | null {
  if (moisture === null) return null;
  const ageSeconds = (now.realMs - moisture.seen.realMs) / 1000;
  return ageSeconds <= config.moistureMaxAgeRealSeconds ? moisture.value : null;
}

/** Whether an idle zone is watered now, and in either case why. */
export function decide(zone: ZoneState, turn: Turn): { water: boolean; reason: Reason } {
  if (turn.layout.hasProgram) return decidePlanned(zone, turn);
  const { openBelowFraction, targetFraction, readOnly, isUnmetered, soilProbe } = turn.layout;
  const soilMoisture = freshMoisture(zone, turn);
  const no = (reason: Reason) => ({ water: false, reason });
  if (readOnly !== null) return no(readOnly);
  if (isUnmetered) return no(reasonOf('no_flow_meter'));
  if (soilProbe === undefined) return no(reasonOf('no_soil_probe'));
  if (soilMoisture === null) return no(notFresh(zone, turn));
  const figures = { soilMoisture, openBelow: openBelowFraction, target: targetFraction };
  if (soilMoisture >= openBelowFraction) return no(reasonOf('soil_wet_enough', figures));
  const obstacle = obstacleTo(zone, turn) ?? obstacleFromAfar(zone, turn);
  return obstacle ? no(obstacle) : { water: true, reason: reasonOf('soil_dry', figures) };
}

/**
 * The same where a program says when: it has decided, and what remains is whether anything stands in the way. Whether it may
 * water where no meter proves it, is its own word (`allowUnproven`).
 */
function decidePlanned(zone: ZoneState, turn: Turn): { water: boolean; reason: Reason } {
  const { plan } = zone;
  const no = (reason: Reason) => ({ water: false, reason });
  if (turn.layout.readOnly !== null) return no(turn.layout.readOnly);
  if (plan === null) return no(reasonOf('waits_for_program'));
  if (plan.wanted === null || zone.begun.includes(cycleKey(plan.wanted))) return no(plan.reason);
  if (turn.now.realMs >= plan.openBeforeRealMs) return no(reasonOf('window_over'));
  const obstacle =
    obstacleToTest(zone, turn) ??
    pauseOf(zone, turn, turn.config.settleRealSeconds) ??
    obstacleFromAfar(zone, turn);
  return obstacle ? no(obstacle) : { water: true, reason: plan.wanted.reason };
}

/** What keeps an idle zone from being opened, whoever asks. */
export function obstacleTo(zone: ZoneState, turn: Turn): Reason | undefined {
  if (turn.layout.readOnly !== null) return turn.layout.readOnly;
  return obstacleToTest(zone, turn) ?? pauseOf(zone, turn, turn.config.pauseRealSeconds);
}

/** What keeps an idle zone from being opened even for a wet test. */
export function obstacleToTest(zone: ZoneState, turn: Turn): Reason | undefined {
  const { config, layout } = turn;
  if (layout.isHeld) return reasonOf('layout_changing');
  if (zone.leakSince !== null) return reasonOf('leak_suspected');
  const dry = obstacleOfSupply(turn.supply, layout, turn.now);
  if (dry) return dry;
  if (turn.meterTakenBy !== null) return reasonOf('meter_taken', { zone: turn.meterTakenBy });
  if (turn.othersWatering >= config.maxZonesAtOnce)
    return reasonOf('too_many_running', { maxZonesAtOnce: config.maxZonesAtOnce });
  return undefined;
}

/**
 * What keeps a program from opening a zone until something is mended or a person has looked, as against what the end of another
 * watering or a pause will do.
 */
export function lastingObstacle(zone: ZoneState, turn: Turn): Reason | undefined {
  const { phase } = zone;
  if (phase.name === 'locked') return phase.reason;
  const isSilent = phase.name === 'unknown' && phase.attempts >= turn.config.attempts;
  if (isSilent || phase.name === 'in_doubt') return reasonOf('valve_unconfirmed');
  if (turn.layout.readOnly !== null) return turn.layout.readOnly;
  if (zone.leakSince !== null) return reasonOf('leak_suspected');
  return failureOfSupply(turn.supply, turn.now) ?? obstacleFromAfar(zone, turn);
}

function pauseOf(zone: ZoneState, { now }: Turn, pauseSeconds: number): Reason | undefined {
  const isShort = zone.lastEndedRealMs !== null && now.realMs - zone.lastEndedRealMs < pauseSeconds * 1000;
  return isShort ? reasonOf('pause_between_runs', { pauseSeconds }) : undefined;
}

/** What keeps it from being opened by anybody but a person at the farm, beside that: people there come first. */
export function obstacleFromAfar(zone: ZoneState, { config, now }: Turn): Reason | undefined {
  const { stoppedByHandRealMs: stopped } = zone;
  const { handsOffRealSeconds: handsOffSeconds } = config;
  if (stopped === null || now.realMs - stopped >= handsOffSeconds * 1000) return undefined;
  return reasonOf('stopped_by_hand', { handsOffSeconds });
}

function notFresh(zone: ZoneState, turn: Turn): Reason {
  const maxAgeSeconds = turn.config.moistureMaxAgeRealSeconds;
  return zone.moisture === null
    ? reasonOf('no_reading', { soilProbe: turn.layout.soilProbe ?? null })
    : reasonOf('reading_stale', { lastAtMs: zone.moisture.seen.atMs, maxAgeSeconds });
}
