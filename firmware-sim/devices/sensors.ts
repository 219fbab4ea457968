import { topicOf } from '@nongtin/broker/wire';
import type { SensorSpec } from '../farm/spec.ts';
import { WaterProbe } from '../field/dosing/water-probe.ts';
import { normal, type Random } from '../field/random.ts';
import { bulkEc, poreWaterEc } from '../field/salt.ts';
import { fliesBetween } from '../field/traps.ts';
import type { Speaker } from '../links/link.ts';
import type { World } from '../simulation/world.ts';
import type { Conditions, Measurement } from './conditions.ts';
import { Meter } from './meter.ts';
import type { Shell, Unit } from './unit.ts';

const RAIN_BUCKET_MM = 0.2;
const BATTERY_PERCENT_PER_DAY = 0.4;
const DAY_MS = 86_400_000;
const PROBE_NOISE = 0.0004;

/**
 * A sensor that publishes what it measures, as plain readings. Each carries the device's own time at which it was made and
 * a counter that begins at 0 at each boot.
 */
export class Sensor implements Unit {
  readonly speaker: Speaker;
  readonly #spec: SensorSpec;
  readonly #conditions: Conditions;
  readonly #shell: Shell;
  readonly #world: World;
  readonly #times: { firstSeconds: number; periodSeconds: number };
  readonly #measure: () => Measurement;
  #sequence = 0;
  #stop: () => void = () => undefined;

  constructor(
    spec: SensorSpec,
    parts: { conditions: Conditions; shell: Shell; world: World },
    times: { firstSeconds: number; periodSeconds: number },
  ) {
    this.#spec = spec;
    this.#conditions = parts.conditions;
    this.#shell = parts.shell;
    this.#world = parts.world;
    this.#times = times;
    this.#measure = measurementOf(spec, parts.world, parts.shell.random, parts.conditions);
    this.speaker = {
      identity: spec.id,
      subscriptions: [],
      presence: { topic: topicOf('status', spec.id), online: 'online', offline: 'offline' },
    };
  }

  boot(): void {
    this.#sequence = 0;
    this.#stop = this.#shell.clock.every(this.#times, () => this.#publish());
  }

  die(): void {
    this.#stop();
  }

  connected(): void {
    // It speaks when it has measured.
  }

  received(): void {
    // It listens to nobody.
  }

  #publish(): void {
    const measured = this.#conditions.measure(this.#measure(), this.#world.clock.nowMs());
    if (measured === undefined) return;
    const reading = { time: new Date(this.#shell.timeMs()).toISOString(), seq: this.#sequence, ...measured };
    this.#sequence += 1;
    const topic = topicOf('readings', this.#spec.id);
    this.#shell.publish({ topic, payload: JSON.stringify(reading) }, 'keep');
  }
}

function measurementOf(
  spec: SensorSpec,
  world: World,
  random: Random,
  conditions: Conditions,
): () => Measurement {
  switch (spec.kind) {
    case 'soil_probe':
      return soilProbe(spec, world, random);
    case 'weather_station':
      return () => weatherStation(world, random, conditions);
    case 'flow_meter':
      return flowMeter(spec, world, random, conditions);
    case 'pressure_sensor':
      return () => {
        const source = world.look().source(spec.source);
        const kpa = spec.side === 'before_filter' ? source.beforeFilterKpa : source.pressureKpa;
        return { water_pressure: noisy(Math.max(0, kpa), 0.3, 1, random) };
      };
    case 'tank_sensor':
      return () => ({ tank_level: tankLevel(world, spec.source) });
    case 'fertilizer_station':
      return () => fertilizerStation(world, spec.source, random);
    case 'water_probe':
      return waterProbe(spec, world, random);
    case 'fly_trap':
      return flyTrap(spec, world);
  }
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

function noisy(value: number, deviation: number, decimals: number, random: Random): number {
  return Math.max(0, round(value + deviation * normal(random), decimals));
}

function soilProbe(spec: Extract<SensorSpec, { kind: 'soil_probe' }>, world: World, random: Random) {
  const bootMs = world.clock.nowMs();
  return () => {
    const field = world.look();
    const zone = field.zone(spec.zone);
    const moisture = zone.probedMoisture(spec.depthMetres, spec.quarter);
    const poreEc = poreWaterEc(zone.salt, zone.storedMm);
    const aliveDays = (world.clock.nowMs() - bootMs) / DAY_MS;
    return {
      soil_moisture: noisy(moisture, spec.noise ?? PROBE_NOISE, 4, random),
      soil_temperature: noisy(field.soilTemperatureCelsius, 0.03, 2, random),
      soil_ec: noisy(bulkEc(poreEc, moisture), 0.002, 3, random),
      battery: round(Math.max(0, 100 - aliveDays * BATTERY_PERCENT_PER_DAY), 1),
    };
  };
}

function weatherStation(world: World, random: Random, { rainGauge }: Conditions): Measurement {
  const field = world.look();
  const weather = field.sky.at(world.clock.nowMs());
  const humidity = weather.relativeHumidityPercent + normal(random) * 0.4;
  return {
    air_temperature: round(weather.airTemperatureCelsius + 0.05 * normal(random), 2),
    relative_humidity: round(Math.min(100, humidity), 1),
    wind_speed: round(Math.max(0, weather.windMetresPerSecond * (1 + 0.15 * normal(random))), 1),
    solar_radiation: round(Math.max(0, weather.solarWattsPerM2 * (1 + 0.01 * normal(random))), 0),
    // A tipping bucket counts whole bucketfuls; the small term undoes the error of binary fractions.
    rain: round(Math.floor(rainGauge.caughtMm(field.rainMm) / RAIN_BUCKET_MM + 1e-9) * RAIN_BUCKET_MM, 1),
  };
}

function flowMeter(
  spec: Extract<SensorSpec, { kind: 'flow_meter' }>,
  world: World,
  random: Random,
  conditions: Conditions,
) {
  const passing = () => {
    const field = world.look();
    const part = spec.zone === undefined ? field.source(spec.source ?? '') : field.zone(spec.zone);
    return { litres: part.passedLitres, litresPerMinute: part.flowLitresPerMinute(field.atMs) };
  };
  const meter = new Meter({ litresPerPulse: spec.litresPerPulse, conditions, random, passing });
  return () => {
    const { flowLitresPerMinute, totalLitres } = meter.read();
    return { flow: flowLitresPerMinute, volume: totalLitres };
  };
}

function tankLevel(world: World, source: string): number {
  const { spec, tank } = world.look().source(source);
  return spec.tank && tank ? round((100 * tank.litres) / spec.tank.capacityLitres, 1) : 0;
}

function fertilizerStation(world: World, source: string, random: Random): Measurement {
  const field = world.look();
  const from = field.source(source);
  const { spec } = from;
  return {
    water_ec: noisy(from.fedEc ?? from.clearEc(field.atMs), 0.008, 3, random),
    water_ph: noisy(spec.ph ?? 7, 0.02, 2, random),
    tank_level: tankLevel(world, source),
  };
}

function waterProbe(spec: Extract<SensorSpec, { kind: 'water_probe' }>, world: World, random: Random) {
  const { measures, responseSeconds = 5, gain = 1, offset = 0, driftPerDay = 0 } = spec;
  const noise = spec.noise ?? (measures === 'water_ec' ? 0.02 : 0.04);
  const probe = new WaterProbe({ responseSeconds, noise, gain, offset, driftPerDay }, random);
  return (): Measurement => {
    const field = world.look();
    const head = field.head(spec.head);
    const truth = measures === 'water_ec' ? head.ecMilliSiemensPerCm : head.ph;
    return { [measures]: Math.max(0, round(probe.read(truth, world.clock.nowMs()), 3)) };
  };
}

function flyTrap(spec: Extract<SensorSpec, { kind: 'fly_trap' }>, world: World) {
  let seenMs = world.clock.nowMs();
  let flies = 0;
  return () => {
    const atMs = world.clock.nowMs();
    const { site } = world.look();
    flies += fliesBetween(spec.id, spec.fliesPerDay, seenMs, atMs, world.seed, site);
    seenMs = atMs;
    return { trap_count: flies };
  };
}
