import type { Reason } from '@nongtin/broker/wire';
import type { Zone as ZoneLayout } from '../farm/layout.ts';
import type { ZoneState } from './controller/types.ts';
import type { PlanView } from './planning/shown.ts';
import { reasonOf } from './reason.ts';
import type { SettingsView } from './settings.ts';

/** A zone's value as pages show it. */
interface Shown {
  readonly value: number;
  readonly atMs: number;
  readonly quality: string[];
}

export interface ZoneView extends PlanView {
  readonly id: string;
  /** `measured`: it has no valve. */
  readonly state: ZoneState['phase']['name'] | 'measured';
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
  /** The wet test that is going on. */
  readonly test: {
    readonly testId: string;
    readonly stage: 'intent' | 'opening' | 'open' | 'draining' | 'closing' | 'over';
    /** It did not close by itself, or was stopped. */
    readonly forced: string | null;
    readonly leaseSeconds: number;
    readonly cutOffSeconds: number;
    /** When it said that it is open, and that it is closed. */
    readonly openedAtMs: number | null;
    readonly closedAtMs: number | null;
    /** By the meter's counter, so far. */
    readonly litres: number | null;
  } | null;
  readonly decision: Reason;
  readonly locked: Reason | null;
  /** How it is watered now; null without a valve. */
  readonly settings: SettingsView | null;
}

interface Known {
  /** The newest reading, whatever is thought of it. */
  readonly latest: (device: string, metric: string) => Shown | null;
  readonly plan: (zone: string) => PlanView;
}

/** What people see of a zone: the newest readings, flagged ones included, beside what the controller makes of them. */
export function zoneView(
  zone: ZoneState,
  layout: ZoneLayout,
  settings: SettingsView,
  known: Known,
): ZoneView {
  const { phase, valve } = zone;
  return {
    id: zone.id,
    state: phase.name,
    ...probed(layout, known),
    ...known.plan(zone.id),
    valve: valve && {
      open: valve.open,
      flowLitresPerMinute: valve.flowLitresPerMinute,
      totalLitres: valve.totalLitres,
      atMs: valve.seen.atMs,
    },
    run: 'run' in phase ? runView(phase) : null,
    test: phase.name === 'testing' ? testView(phase) : null,
    decision: zone.decision,
    locked: phase.name === 'locked' ? phase.reason : null,
    settings,
  };
}

/** A zone without a valve: only what its probe and its soil's balance say. */
export function measuredView(layout: ZoneLayout, known: Known): ZoneView {
  return {
    ...{ id: layout.id, state: 'measured', ...probed(layout, known) },
    ...known.plan(layout.id),
    ...{ valve: null, run: null, test: null, decision: reasonOf('no_valve'), locked: null },
    settings: null,
  };
}

function probed({ soilProbe }: ZoneLayout, { latest }: Known) {
  const probe = (metric: string) => {
    const reading = soilProbe === undefined ? null : latest(soilProbe, metric);
    return reading && { value: reading.value, atMs: reading.atMs, quality: reading.quality };
  };
  return {
    soilMoisture: probe('soil_moisture'),
    soilTemperature: probe('soil_temperature'),
    soilEc: probe('soil_ec'),
  };
}

function testView({ run, test }: Extract<ZoneState['phase'], { name: 'testing' }>): ZoneView['test'] {
  const { leaseSeconds = run.plannedSeconds, cutOffSeconds = run.plannedSeconds } = test?.plan ?? {};
  const { decided } = run;
  // One clock is the other one sped up (clock.ts).
  const realPerFarm = decided.farmMs === 0 ? 1 : decided.realMs / decided.farmMs;
  const atMs = (farmMs: number | null | undefined) =>
    farmMs == null ? null : Math.round(decided.atMs + (farmMs - decided.farmMs) * realPerFarm);
  const litres = test?.litres == null || test.litresBefore === null ? null : test.litres - test.litresBefore;
  return {
    ...{ testId: run.runId, stage: test?.stage ?? 'intent', forced: test?.forced ?? null },
    ...{ leaseSeconds, cutOffSeconds, openedAtMs: atMs(test?.openMs), closedAtMs: atMs(test?.closedMs) },
    litres: litres === null ? null : Math.round(litres * 10) / 10,
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

const testOf = ({ phase }: ZoneState) => (phase.name === 'testing' ? phase.test : null);

/** Attempts and the like change without anything to show. */
export function isShownOtherwise(before: ZoneState | undefined, after: ZoneState): boolean {
  if (before === after) return false;
  return (
    before === undefined ||
    before.phase.name !== after.phase.name ||
    before.valve !== after.valve ||
    before.moisture !== after.moisture ||
    testOf(before) !== testOf(after) ||
    JSON.stringify(before.decision) !== JSON.stringify(after.decision)
  );
}
