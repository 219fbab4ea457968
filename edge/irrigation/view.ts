import type { Reason } from '@nongtin/broker/wire';
import type { Zone as ZoneLayout } from '../farm/layout.ts';
import type { SettingsView } from './service.ts';
import type { ZoneState } from './types.ts';

/** A zone's value as pages show it. */
interface Shown {
  readonly value: number;
  readonly atMs: number;
  readonly quality: string[];
}

export interface ZoneView {
  readonly id: string;
  readonly state: ZoneState['phase']['name'];
  readonly soilMoisture: Shown | null;
  readonly soilTemperature: Shown | null;
  readonly soilEc: Shown | null;
  readonly valve: {
    readonly open: boolean | null;
    /** Null before the meter has said anything. */
    readonly flowLitresPerMinute: number | null;
    readonly totalLitres: number | null;
    readonly atMs: number;
  } | null;
  readonly run: {
    readonly runId: string;
    readonly startedAtMs: number;
    readonly plannedSeconds: number;
    readonly reason: Reason;
  } | null;
  readonly decision: Reason;
  readonly locked: Reason | null;
  /** How it is watered now. */
  readonly settings: SettingsView;
}

/** What people see of a zone: the newest readings, flagged ones included, beside what the controller makes of them. */
export function zoneView(
  zone: ZoneState,
  layout: ZoneLayout,
  settings: SettingsView,
  latest: (device: string, metric: string) => Shown | null,
): ZoneView {
  const { phase, valve } = zone;
  const probe = (metric: string) => {
    const reading = latest(layout.soilProbe, metric);
    return reading && { value: reading.value, atMs: reading.atMs, quality: reading.quality };
  };
  return {
    id: zone.id,
    state: phase.name,
    soilMoisture: probe('soil_moisture'),
    soilTemperature: probe('soil_temperature'),
    soilEc: probe('soil_ec'),
    valve: valve && {
      open: valve.open,
      flowLitresPerMinute: valve.flowLitresPerMinute,
      totalLitres: valve.totalLitres,
      atMs: valve.seen.atMs,
    },
    run: 'run' in phase ? runView(phase) : null,
    decision: zone.decision,
    locked: phase.name === 'locked' ? phase.reason : null,
    settings,
  };
}

function runView(phase: Extract<ZoneState['phase'], { run: unknown }>): ZoneView['run'] {
  const { run } = phase;
  const openedAt = 'openedAt' in phase ? phase.openedAt : null;
  return {
    runId: run.runId,
    startedAtMs: (openedAt ?? run.decided).atMs,
    plannedSeconds: run.plannedSeconds,
    reason: run.reason,
  };
}
