import { referenceEvapotranspirationMmPerHour } from './evapotranspiration.ts';
import { litresBetween } from './hydraulics.ts';
import {
  cropDemandMm,
  irrigationMm,
  irrigationWater,
  soilProfile,
  type TrapName,
  tankBuild,
  trapNames,
  traps,
  type ZoneName,
  zoneNames,
  zones,
} from './layout.ts';
import { type SaltLoad, stepSalt } from './salt.ts';
import { type SoilWater, stepSoil, storedMm } from './soil.ts';
import { stepTank, type Tank } from './tank.ts';
import { fliesBetween } from './traps.ts';
import { rainMmBetween, weatherAt } from './weather.ts';

interface ZoneState {
  readonly soil: SoilWater;
  readonly soilTemperatureCelsius: number;
  readonly salt: SaltLoad;
  /** All water that has passed the zone's meter. */
  readonly meterLitres: number;
  /** Undefined while the valve is closed. */
  readonly opening: Opening | undefined;
}

interface Opening {
  readonly atMs: number;
  /** Flow this opening comes up to: the pressure is never twice the same. */
  readonly fullLitresPerMinute: number;
}

/** The whole farm at one instant of its own time. */
export interface FarmState {
  readonly atMs: number;
  readonly zones: Readonly<Record<ZoneName, ZoneState>>;
  readonly tank: Tank;
  /** Since the simulation began. */
  readonly rainMm: number;
  readonly flies: Readonly<Record<TrapName, number>>;
}

const HOUR_MS = 3_600_000;
/** The longest step: short against a day's weather and a run's length. */
const STEP_MS = 60_000;
/** The soil's temperature follows the air's with this delay. */
const SOIL_LAG_HOURS = 8;
const FIRST_PORE_EC = 2;

/** The farm as it stands when the simulation begins, all valves closed. */
export function newFarm(atMs: number, seed: number): FarmState {
  const airCelsius = weatherAt(atMs, seed).airTemperatureCelsius;
  const zoneState = (name: ZoneName): ZoneState => {
    const soil = { moisture: zones[name].firstMoisture };
    return {
      soil,
      soilTemperatureCelsius: airCelsius,
      salt: FIRST_PORE_EC * storedMm(soil, soilProfile),
      meterLitres: 0,
      opening: undefined,
    };
  };
  return {
    atMs,
    zones: record(zoneNames, zoneState),
    tank: { litres: 0.8 * tankBuild.capacityLitres, filling: false },
    rainMm: 0,
    flies: record(trapNames, () => 0),
  };
}

/** The farm at a later instant; valves stay as they are. */
export function advanceFarm(farm: FarmState, toMs: number, seed: number): FarmState {
  let state = farm;
  while (state.atMs < toMs) {
    state = stepFarm(state, Math.min(toMs, state.atMs + STEP_MS), seed);
  }
  return state;
}

/** The farm with one valve opened or closed at its present instant. Opening an open valve changes nothing. */
export function withValve(
  farm: FarmState,
  name: ZoneName,
  fullLitresPerMinute: number | 'closed',
): FarmState {
  const zone = farm.zones[name];
  const opening =
    fullLitresPerMinute === 'closed' ? undefined : (zone.opening ?? { atMs: farm.atMs, fullLitresPerMinute });
  return { ...farm, zones: { ...farm.zones, [name]: { ...zone, opening } } };
}

function stepFarm(farm: FarmState, toMs: number, seed: number): FarmState {
  const hours = (toMs - farm.atMs) / HOUR_MS;
  const weather = weatherAt((farm.atMs + toMs) / 2, seed);
  const step = {
    toMs,
    hours,
    rainMm: rainMmBetween(farm.atMs, toMs, seed),
    demandMm: cropDemandMm(referenceEvapotranspirationMmPerHour(weather) * hours),
    airCelsius: weather.airTemperatureCelsius,
  };
  const nextZones = record(zoneNames, (name) => stepZone(farm.zones[name], name, farm.atMs, step));
  const drawn = zoneNames.map((name) => nextZones[name].meterLitres - farm.zones[name].meterLitres);
  return {
    atMs: toMs,
    zones: nextZones,
    tank: stepTank(farm.tank, tankBuild, { hours, drawnLitres: drawn.reduce((sum, part) => sum + part, 0) }),
    rainMm: farm.rainMm + step.rainMm,
    flies: record(trapNames, (name) => {
      return farm.flies[name] + fliesBetween(name, traps[name].fliesPerDay, farm.atMs, toMs, seed);
    }),
  };
}

interface Step {
  readonly toMs: number;
  readonly hours: number;
  readonly rainMm: number;
  readonly demandMm: number;
  readonly airCelsius: number;
}

function stepZone(zone: ZoneState, name: ZoneName, fromMs: number, step: Step): ZoneState {
  const litres = litresThrough(zone.opening, fromMs, step.toMs);
  const wateredMm = irrigationMm(zones[name], litres);
  const waterInMm = step.rainMm + wateredMm;
  const { soil, fluxes } = stepSoil(zone.soil, soilProfile, {
    hours: step.hours,
    waterInMm,
    demandMm: step.demandMm,
  });
  const irrigation = { mm: wateredMm, ec: irrigationWater.ec };
  const lag = 1 - Math.exp(-step.hours / SOIL_LAG_HOURS);
  return {
    soil,
    soilTemperatureCelsius:
      zone.soilTemperatureCelsius + lag * (step.airCelsius - zone.soilTemperatureCelsius),
    salt: stepSalt(zone.salt, storedMm(zone.soil, soilProfile) + step.rainMm, irrigation, fluxes),
    meterLitres: zone.meterLitres + litres,
    opening: zone.opening,
  };
}

function litresThrough(opening: Opening | undefined, fromMs: number, toMs: number): number {
  if (opening === undefined) return 0;
  const seconds = (atMs: number) => (atMs - opening.atMs) / 1000;
  return litresBetween(opening.fullLitresPerMinute, seconds(fromMs), seconds(toMs));
}

function record<Name extends string, Value>(
  names: readonly Name[],
  build: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, build(name)])) as Record<Name, Value>;
}
