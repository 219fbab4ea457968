import type { AlarmRecord } from '@nongtin/broker/wire';
import { type Farm, zonesOf } from '../farm/layout.ts';
import type { Health } from '../health/health.ts';
import type { Alarms } from './alarms.ts';
import { type CauseTree, type Group, groupKeys, isOneOfMany, MANY_SILENT, missedKeys } from './cause-tree.ts';
import { headsOf, trapsOf } from './equipment.ts';

interface SilenceOptions {
  /** As it is laid out now, and what of it falls silent together. */
  readonly farm: () => Farm;
  readonly tree: () => CauseTree;
  readonly health: Pick<Health, 'silentSinceMs' | 'pace'>;
  readonly alarms: Pick<Alarms, 'raise' | 'clear' | 'list'>;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** The demo's farm names devices that nobody simulates: one that was never heard is not missed there. */
  readonly demo: boolean;
}

type Key = (typeof missedKeys)[number];
/** One that has not spoken since the gateway's start may speak once a day. */
const UNHEARD_MS = 24 * 3_600_000;
/** A group is given up when none of it has spoken for so long … */
const QUIET_MS = 5 * 60_000;
/** … in which, by their habits, so many words should have come. */
const MISSED_WORDS = 3;
const MISSED_HABITS = 1.5;
/** All of its sensors are silent by their habits: then nothing else may have spoken for so long. */
const LONG_QUIET_MS = 3_600_000;
/** So many that fall silent together have something in common, also where nobody has said what. */
const MANY = 5;
/** Clocks and looks are not exact. */
const TOGETHER_SLACK_MS = 60_000;

/**
 * An alarm for everything that is expected to speak and is silent (soil probes, what measures in a zone or serves the whole farm, the
 * gauges that guard a pump, the probes of dosing heads, traps that count, and whatever a condition of the farm's own asks for); it clears itself when it speaks again. Of what falls
 * silent together (a bridge, a supply, the farm) the group is told, first. Valves and their meters are missed by the controller.
 */
export class SilenceWatch {
  readonly #options: SilenceOptions;
  readonly #startedMs: number;
  readonly #startedMonotonicMs: number;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
    this.#startedMonotonicMs = options.clock.monotonicMs();
  }

  look(): void {
    const { alarms } = this.#options;
    const expected = expectedOf(this.#options.farm());
    const silent = new Map<string, number>();
    for (const [sensor, key] of expected) {
      const sinceMs = this.#silentSinceMs(sensor);
      // One of which an earlier start has told stands until it is heard.
      if (sinceMs === null) alarms.clear(sensor, key);
      else if (sinceMs !== undefined) silent.set(sensor, sinceMs);
    }
    this.#lookAtGroups(silent, expected);
    this.#lookAtMany(silent);
    for (const [sensor, sinceAtMs] of silent) {
      const key = expected.get(sensor) ?? 'sensor_silent';
      alarms.raise(sensor, 'low', { key, figures: { sensor, sinceAtMs } });
    }
    for (const { source, reason } of alarms.list().filter(isStandingSilence))
      if (expected.get(source) !== reason.key) alarms.clear(source, reason.key);
  }

  /** Before the sensors behind them: these are concealed then from the beginning. */
  #lookAtGroups(silent: ReadonlyMap<string, number>, expected: ReadonlyMap<string, Key>): void {
    const { alarms } = this.#options;
    const { groups } = this.#options.tree();
    const standing = alarms.list().filter(isStandingGroup);
    for (const group of groups) {
      const key = groupKeys[group.kind];
      const isAsked = this.#isOffline(group) || group.devices.some((device) => silent.has(device));
      const stands = standing.some(({ source, reason }) => source === group.id && reason.key === key);
      if (!isAsked && !stands) continue;
      const isQuiet = this.#isQuiet(group, expected);
      if (isQuiet === false) alarms.clear(group.id, key);
      else if (isQuiet && isAsked && !stands) {
        const [devices, sinceAtMs] = [group.devices.length, this.#lastWordMs(group)];
        alarms.raise(group.id, 'high', { key, figures: { group: group.id, devices, sinceAtMs } });
      }
    }
    const named = new Set(groups.map(({ kind, id }) => `${id} ${groupKeys[kind]}`));
    for (const { source, reason } of standing)
      if (!named.has(`${source} ${reason.key}`)) alarms.clear(source, reason.key);
  }

  /** Of those that no group explains, however many: one alarm while they stay silent together. */
  #lookAtMany(silent: ReadonlyMap<string, number>): void {
    const { alarms } = this.#options;
    const all = alarms.list();
    const standing = all.find(({ state, reason }) => state !== 'cleared' && reason.key === MANY_SILENT);
    if (standing !== undefined) {
      const left = [...silent.values()].filter((lastMs) => isOneOfMany(lastMs, standing.reason));
      // Of a few each is told by itself.
      if (left.length < MANY) alarms.clear(standing.source, MANY_SILENT);
      return;
    }
    const told = new Set(all.filter(isStandingGroup).map(({ source }) => source));
    const explained = new Set(
      this.#options.tree().groups.flatMap(({ id, devices }) => (told.has(id) ? devices : [])),
    );
    const together = this.#together([...silent].filter(([sensor]) => !explained.has(sensor)));
    if (together.length < MANY) return;
    const [fromAtMs, sinceAtMs] = [Math.min(...together), Math.max(...together)];
    const figures = { devices: together.length, fromAtMs, sinceAtMs };
    alarms.raise('farm', 'high', { key: MANY_SILENT, figures });
  }

  /** Last words of the most sensors that one moment can have silenced: each would have spoken soon after it, by its habit. */
  #together(silent: readonly (readonly [sensor: string, sinceAtMs: number])[]): readonly number[] {
    if (silent.length < MANY) return [];
    const lasting = silent.map(([sensor, lastMs]) => {
      const habitMs = this.#options.health.pace(sensor)?.habitMs ?? 0;
      return { lastMs, untilMs: lastMs + MISSED_HABITS * habitMs + TOGETHER_SLACK_MS };
    });
    const at = (momentMs: number) =>
      lasting.flatMap(({ lastMs, untilMs }) => (lastMs <= momentMs && momentMs <= untilMs ? lastMs : []));
    const found = lasting.map(({ lastMs }) => at(lastMs));
    return found.reduce((most, one) => (one.length > most.length ? one : most), []);
  }

  /** Undefined: nobody can tell; what was told of it stands. */
  #isQuiet(group: Group, expected: ReadonlyMap<string, Key>): boolean | undefined {
    const { health } = this.#options;
    const heard = group.devices.filter(
      (device) => !Number.isNaN(health.pace(device)?.silentMs ?? Number.NaN),
    );
    if (heard.length === 0) return this.#isMissed() ? true : undefined;
    const paces = (names: readonly string[]) => names.flatMap((device) => health.pace(device) ?? []);
    const quietMs = Math.min(...paces(heard).map(({ silentMs }) => silentMs));
    if (quietMs < QUIET_MS) return false;
    if (this.#isOffline(group)) return true;
    // Valves speak when something happens: that they are silent says nothing, that they speak does.
    const sensors = heard.filter((device) => expected.has(device));
    // Of one alone nobody can tell whether it is itself or what it has in common with others.
    if (sensors.length < 2) return undefined;
    // Those that are silent by their own habit say nothing of the others.
    const awaited = paces(sensors.filter((device) => this.#silentSinceMs(device) === null));
    const isStated = sensors.every((device) => this.#statedMs(device) !== undefined);
    if (awaited.length === 0) return isStated || quietMs >= LONG_QUIET_MS ? true : undefined;
    const habitsMs = awaited.flatMap(({ habitMs }) => habitMs ?? []);
    if (quietMs < Math.min(...habitsMs)) return false;
    const words = habitsMs.reduce((sum, habitMs) => sum + quietMs / habitMs, 0);
    // Where all speak at the same time many words are no more than one, and what reports changes alone has calm nights.
    const pausesMs = awaited.flatMap(({ habitMs, longestMs }) =>
      habitMs === null ? [] : Math.max(habitMs, longestMs),
    );
    return words >= MISSED_WORDS && quietMs >= MISSED_HABITS * Math.min(...pausesMs) ? true : undefined;
  }

  /** The bridge itself has said goodbye, or its last will has. */
  #isOffline({ kind, id }: Group): boolean {
    return kind === 'bridge' && this.#options.health.pace(id)?.isOffline === true;
  }

  #lastWordMs({ devices }: Group): number {
    const { health } = this.#options;
    return Math.max(this.#startedMs, ...devices.flatMap((device) => health.pace(device)?.lastSeenAtMs ?? []));
  }

  /** Null: it is not silent; undefined: it was never heard, and may still be. */
  #silentSinceMs(sensor: string): number | null | undefined {
    const { health, clock } = this.#options;
    const statedMs = this.#statedMs(sensor);
    if (statedMs !== undefined) {
      const pace = health.pace(sensor);
      const isHeard = pace !== undefined && !Number.isNaN(pace.silentMs);
      const silentMs = isHeard ? pace.silentMs : clock.monotonicMs() - this.#startedMonotonicMs;
      if (silentMs < statedMs) return isHeard ? null : undefined;
      return pace?.lastSeenAtMs ?? this.#startedMs;
    }
    const sinceMs = this.#options.health.silentSinceMs(sensor);
    return sinceMs === undefined && this.#isMissed() ? this.#startedMs : sinceMs;
  }

  /** After how long people want to know; undefined: they have not said. */
  #statedMs(sensor: string): number | undefined {
    const minutes = this.#options.farm().devices?.find(({ id }) => id === sensor)?.silentAfterMinutes;
    return minutes === undefined ? undefined : minutes * 60_000;
  }

  #isMissed(): boolean {
    const { clock, demo } = this.#options;
    return !demo && clock.monotonicMs() - this.#startedMonotonicMs > UNHEARD_MS;
  }
}

function isStandingSilence({ state, reason }: AlarmRecord): boolean {
  return state !== 'cleared' && (missedKeys as readonly string[]).includes(reason.key);
}

function isStandingGroup({ state, reason }: AlarmRecord): boolean {
  return state !== 'cleared' && (Object.values(groupKeys) as string[]).includes(reason.key);
}

function expectedOf(farm: Farm): ReadonlyMap<string, Key> {
  const soilProbes = zonesOf(farm).flatMap(({ soilProbe }) => (soilProbe === undefined ? [] : [soilProbe]));
  const sensors = (farm.devices ?? []).flatMap(({ id, zone }) => (zone === undefined ? [] : id));
  const judged = (farm.alarms ?? []).flatMap(({ device }) => device ?? []);
  const stated = (farm.devices ?? []).flatMap((device) =>
    device.silentAfterMinutes === undefined ? [] : device.id,
  );
  const gauges = (farm.sources ?? []).flatMap(({ tank, pressure, filter }) =>
    [tank, pressure, filter?.difference?.before, filter?.difference?.after].flatMap(
      (gauge) => gauge?.device ?? [],
    ),
  );
  return new Map([
    ...[...soilProbes, ...farm.farmDevices, ...sensors, ...judged, ...stated].map(
      (sensor) => [sensor, 'sensor_silent'] as const,
    ),
    ...trapsOf(farm).flatMap(({ devices }) => devices.map((device) => [device, 'trap_silent'] as const)),
    ...gauges.map((gauge) => [gauge, 'gauge_silent'] as const),
    ...headsOf(farm).flatMap(({ probes }) => probes.map((probe) => [probe, 'probe_silent'] as const)),
  ]);
}
