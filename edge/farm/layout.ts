import { IDENTITY } from '@nongtin/broker/wire';
import { StartProblem } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { actuatorOf, type Valve, valveProblems } from '../actuators/index.ts';
import {
  type AlarmCondition,
  alarmContradictions,
  conditionProblems,
  type PowerSupply,
  supplyProblems,
} from '../alarms/rule-schema.ts';
import { fertigationContradictions } from '../fertigation/contradictions.ts';
import {
  type PlotFertigation,
  plotFertigationProblems,
  type RecipeConfig,
  recipeProblems,
  type ZoneFertigation,
  zoneFertigationProblems,
} from '../fertigation/recipe-schema.ts';
import { dosingPart, type Head, headProblems } from '../fertigation/schema.ts';
import type { SiteLocation } from '../irrigation/crop-water/site.ts';
import type { ZoneWater } from '../irrigation/crop-water/zone-water.ts';
import type { Program } from '../irrigation/programs/program.ts';
import type { WaterTurns } from '../irrigation/programs/turns.ts';
import {
  partValve,
  type Source,
  sourceContradictions,
  sourceProblems,
} from '../irrigation/sources/schema.ts';
import { type Trap, trapContradictions, trapProblems } from '../pest/trap-schema.ts';
import { shapeProblems } from '../shape.ts';

/**
 * The farm as its people lay it out: plots with one crop each, zones with one valve each, and what waters them.
 * Soil moisture is a fraction (m³ of water in m³ of soil), durations are seconds, flows litres a minute.
 */
const closed = { additionalProperties: false } as const;
const Identity = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
/** A device as the gateway shows it: an identity, or IDENTITY.NAME of one behind a bridge. */
const DeviceName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\\..{1,64})?$' });
const Name = Type.String({ minLength: 1, maxLength: 80 });
const Flow = Type.Number({ exclusiveMinimum: 0, maximum: 10_000 });
const SoilFraction = Type.Number({ exclusiveMinimum: 0, maximum: 0.6 });
/** No zone may be watered longer in one go, whatever its own limit says. */
const LONGEST_RUN_SECONDS = 14_400;
const RunSeconds = Type.Integer({ minimum: 1, maximum: LONGEST_RUN_SECONDS });

const Zone = Type.Object(
  {
    id: Identity,
    name: Name,
    /**
     * Identity of a valve of ours, or the address of one of another family; checked by valveProblems(). Absent: nothing
     * waters this zone, it is only measured.
     */
    valve: Type.Optional(Type.Unsafe<Valve>({})),
    /** May stand for several zones. Absent: nothing says how wet it is, so only people open its valve. */
    soilProbe: Type.Optional(DeviceName),
    /** Watered when the soil is drier than this … */
    openBelowFraction: SoilFraction,
    /** … until it is as wet as this, or the run's time is over. */
    targetFraction: SoilFraction,
    runSeconds: RunSeconds,
    /** Limit of every opening, also of one asked for by a person. */
    maxRunSeconds: RunSeconds,
    /** Where its water comes from: the id of one of `sources`. Absent: nobody has said. */
    source: Type.Optional(Identity),
    /** The longest single opening, 900 unless it is stated; a longer run is opened anew, where the valve's family allows it. */
    leaseSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: LONGEST_RUN_SECONDS })),
    /** What its valve lets through; stated where there is a valve. */
    nominalFlowLitresPerMinute: Type.Optional(Flow),
    /** Its crop, soil and area, from which its water need is reckoned; checked by wateringProblems(). */
    water: Type.Optional(Type.Unsafe<ZoneWater>({})),
    /** When and how much it is watered, or the id of one of the farm's programs; checked by wateringProblems(). */
    program: Type.Optional(Type.Unsafe<Program | string>({})),
    /** What it gets in place of its plot's recipes; checked by zoneFertigationProblems(). */
    fertigation: Type.Optional(Type.Unsafe<ZoneFertigation>({})),
    /** Flow outside of these ends a run at once; without them, 0.2 to 2 times the nominal flow for half a minute does. */
    minFlowLitresPerMinute: Type.Optional(Flow),
    maxFlowLitresPerMinute: Type.Optional(Flow),
  },
  closed,
);
export type Zone = Static<typeof Zone>;

/** A zone that something waters. */
export interface WateredZone extends Zone {
  readonly valve: Valve;
  readonly nominalFlowLitresPerMinute: number;
}

const Plot = Type.Object(
  {
    id: Identity,
    name: Name,
    crop: Name,
    plantingAreaCode: Type.Optional(Name),
    areaHectares: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }),
    /** Pests that are watched for; absent: those of its crop in the pest library. */
    pests: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64, uniqueItems: true })),
    /** Its recipes and the season's plan; checked by plotFertigationProblems(). */
    fertigation: Type.Optional(Type.Unsafe<PlotFertigation>({})),
    zones: Type.Array(Zone, { maxItems: 64 }),
  },
  closed,
);
export type Plot = Static<typeof Plot>;

/** What people say of one device beyond its place in a zone. */
const NamedDevice = Type.Object(
  {
    /** The name under which its series are kept. */
    id: DeviceName,
    name: Type.Optional(Name),
    /** Of a sensor that only measures there: no valve is decided by it. */
    zone: Type.Optional(Identity),
    /** The device that speaks in its place since it was replaced. */
    hardware: Type.Optional(DeviceName),
    /** Without a word for so long it is missed; absent: when it is silent for much longer than it ever is. */
    silentAfterMinutes: Type.Optional(Type.Integer({ minimum: 5, maximum: 10_080 })),
  },
  closed,
);
export type NamedDevice = Static<typeof NamedDevice>;

export const Farm = Type.Object(
  {
    format: Type.Literal('nongtin-farm-1'),
    site: Name,
    plots: Type.Array(Plot, { maxItems: 64 }),
    /** Where its weather is measured; checked by wateringProblems(). */
    location: Type.Optional(Type.Unsafe<SiteLocation>({})),
    /** IANA name; absent: Asia/Ho_Chi_Minh. */
    timeZone: Type.Optional(Name),
    /** Where the harvest is to be sold: ISO 3166 two letters, or EU. Products that one of them does not take are warned of. */
    targetMarkets: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), { maxItems: 64, uniqueItems: true }),
    ),
    /** Programs that several zones share; checked by wateringProblems(). */
    programs: Type.Optional(Type.Array(Type.Unsafe<Program>({}), { maxItems: 64 })),
    /** Members who share a pump, and whose water it is when; checked by wateringProblems(). */
    waterTurns: Type.Optional(Type.Array(Type.Unsafe<WaterTurns>({}), { maxItems: 16 })),
    /** Pumps, master valves and tanks; checked by sourceProblems(). */
    sources: Type.Optional(Type.Array(Type.Unsafe<Source>({}), { maxItems: 64 })),
    /** What puts fertilizer into the water of a source; checked by headProblems(). */
    heads: Type.Optional(Type.Array(Type.Unsafe<Head>({}), { maxItems: 16 })),
    /** Of fertilizer; checked by recipeProblems(). */
    recipes: Type.Optional(Type.Array(Type.Unsafe<RecipeConfig>({}), { maxItems: 64 })),
    /** Conditions that are alarms on this farm; checked by conditionProblems(). */
    alarms: Type.Optional(Type.Array(Type.Unsafe<AlarmCondition>({}), { maxItems: 256 })),
    /** What feeds its devices with power; checked by supplyProblems(). */
    supplies: Type.Optional(Type.Array(Type.Unsafe<PowerSupply>({}), { maxItems: 64 })),
    /** Insect traps, counted by a device or by people; checked by trapProblems(). */
    traps: Type.Optional(Type.Array(Type.Unsafe<Trap>({}), { maxItems: 256 })),
    /** Devices that serve the whole farm: weather station, fertilizer station, traps. */
    farmDevices: Type.Array(DeviceName, { maxItems: 256 }),
    devices: Type.Optional(Type.Array(NamedDevice, { maxItems: 2_000 })),
  },
  closed,
);
export type Farm = Static<typeof Farm>;

const validator = Compile(Farm);

export function zonesOf(farm: Farm): Zone[] {
  return farm.plots.flatMap((plot) => plot.zones);
}

export function isWatered(zone: Zone): zone is WateredZone {
  return zone.valve !== undefined && zone.nominalFlowLitresPerMinute !== undefined;
}

/** One valve by name: its device, and the output where the device has several. */
export function valveName(valve: Valve): string {
  if (typeof valve === 'string') return valve;
  return 'output' in valve && valve.output !== undefined ? `${valve.device}/${valve.output}` : valve.device;
}

/** The device that holds the valve. */
export function valveDevice(valve: Valve): string {
  return typeof valve === 'string' ? valve : valve.device;
}

/** The devices that measure and water a zone. */
export function devicesOf({ soilProbe, valve }: Zone): string[] {
  const probes = soilProbe === undefined ? [] : [soilProbe];
  if (valve === undefined) return probes;
  const meters = typeof valve === 'string' || valve.flowMeter === null ? [] : [valve.flowMeter.device];
  return [...new Set([...probes, valveDevice(valve), ...meters])];
}

/** The farm, or a StartProblem that names every wrong field of `path` and what to do about it. */
export function checkFarm(value: unknown, path: string): Farm {
  const problems = farmProblems(value);
  if (problems.length === 0) return value as Farm;
  throw new StartProblem(`${path} cannot be used: ${problems.join('; ')}. Correct it and start again.`);
}

/** What is wrong with a farm, field by field; empty when it is one. */
export function farmProblems(value: unknown): string[] {
  const wrong = [
    ...valvesOf(value).flatMap(wrongValve),
    ...listIn(value, 'sources').flatMap((source, s) => sourceProblems(source, `sources[${s}]`)),
    ...listIn(value, 'heads').flatMap((head, h) => headProblems(head, `heads[${h}]`)),
    ...listIn(value, 'recipes').flatMap((recipe, r) => recipeProblems(recipe, `recipes[${r}]`)),
    ...wrongFertigation(value),
    ...listIn(value, 'alarms').flatMap((rule, r) => conditionProblems(rule, `alarms[${r}]`)),
    ...listIn(value, 'supplies').flatMap((supply, s) => supplyProblems(supply, `supplies[${s}]`)),
    ...listIn(value, 'traps').flatMap((trap, t) => trapProblems(trap, `traps[${t}]`)),
  ];
  const isWhole = validator.Check(value) && wrong.length === 0;
  return isWhole ? contradictions(value) : [...shapeProblems(validator.Errors(value)), ...wrong];
}

/** What plots and zones say of their fertilizer, wherever it stands. */
function wrongFertigation(farm: unknown): string[] {
  const its = (value: unknown, check: (given: unknown, at: string) => string[], at: string) => {
    const given: unknown = typeof value === 'object' && value ? Reflect.get(value, 'fertigation') : undefined;
    return given === undefined ? [] : check(given, `${at}.fertigation`);
  };
  return listIn(farm, 'plots').flatMap((plot, p) => [
    ...its(plot, plotFertigationProblems, `plots[${p}]`),
    ...listIn(plot, 'zones').flatMap((zone, z) =>
      its(zone, zoneFertigationProblems, `plots[${p}].zones[${z}]`),
    ),
  ]);
}

interface FoundValve {
  readonly valve: unknown;
  readonly at: string;
  readonly maxRunSeconds: unknown;
}

/** Whatever stands where valves stand, however wrong the rest of the file is. */
function valvesOf(farm: unknown): FoundValve[] {
  return listIn(farm, 'plots').flatMap((plot, p) =>
    listIn(plot, 'zones').flatMap((zone, z) => {
      if (typeof zone !== 'object' || zone === null || !('valve' in zone)) return [];
      const maxRunSeconds = 'maxRunSeconds' in zone ? zone.maxRunSeconds : undefined;
      return { valve: zone.valve, at: `plots[${p}].zones[${z}].valve`, maxRunSeconds };
    }),
  );
}

function listIn(value: unknown, key: string): unknown[] {
  const list: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return Array.isArray(list) ? list : [];
}

function wrongValve({ valve, at, maxRunSeconds }: FoundValve): string[] {
  if (typeof valve === 'string') return IDENTITY.test(valve) ? [] : [`${at} must match ${IDENTITY.source}`];
  if (typeof valve === 'object' && valve !== null) return valveProblems(valve, at, maxRunSeconds);
  return [`${at} must be the identity of a valve, or an object with its family, device and flowMeter`];
}

/** One that names no channel counts what every channel of the device counts. */
function ambiguousMeters(zones: readonly { readonly zone: Zone; readonly field: string }[]): string[] {
  const meters = zones.flatMap(({ zone: { valve }, field }) =>
    valve === undefined || typeof valve === 'string' || valve.flowMeter === null
      ? []
      : { ...valve.flowMeter, field: `${field}.valve.flowMeter` },
  );
  return meters.flatMap(({ device, channel, field }) => {
    const named = meters.find((other) => other.device === device && other.channel !== undefined);
    return channel !== undefined || named === undefined
      ? []
      : `${field} names no channel of '${device}', of which ${named.field} names '${named.channel}': name its channel too`;
  });
}

function contradictions(farm: Farm): string[] {
  const problems: string[] = [];
  const zones = farm.plots.flatMap((plot, p) =>
    plot.zones.map((zone, z) => ({ zone, field: `plots[${p}].zones[${z}]` })),
  );
  const twice = (what: string, remedy: string, names: { name: string; field: string }[]) => {
    const first = new Map<string, string>();
    for (const { name, field } of names) {
      const other = first.get(name);
      if (other === undefined) first.set(name, field);
      else problems.push(`${field} and ${other} have the same ${what} '${name}', ${remedy}`);
    }
  };
  twice(
    'id',
    'rename one',
    farm.plots.map((plot, p) => ({ name: plot.id, field: `plots[${p}].id` })),
  );
  twice(
    'id',
    'rename one',
    zones.map(({ zone, field }) => ({ name: zone.id, field: `${field}.id` })),
  );
  const sources = farm.sources ?? [];
  twice(
    'id',
    'rename one',
    sources.map(({ id }, s) => ({ name: id, field: `sources[${s}].id` })),
  );
  const partsOf = ({ pump, masterValve, filter }: Source, s: number) =>
    Object.entries({ pump, masterValve, filter }).flatMap(([part, given]) =>
      given === undefined ? [] : { valve: partValve(given), field: `sources[${s}].${part}.valve` },
    );
  const valves = [
    ...zones.flatMap(({ zone: { valve }, field }) =>
      valve === undefined ? [] : { valve, field: `${field}.valve` },
    ),
    ...sources.flatMap(partsOf),
    ...(farm.heads ?? []).flatMap(({ tanks }, h) =>
      tanks.map((tank, t) => ({
        valve: partValve(dosingPart(tank)),
        field: `heads[${h}].tanks[${t}].${tank.pump ? 'pump' : 'injector'}.valve`,
      })),
    ),
  ];
  const ofItsOwn = 'give each zone, pump, master valve, filter and tank one of its own';
  twice(
    'valve',
    ofItsOwn,
    valves.map(({ valve, field }) => ({ name: valveName(valve), field })),
  );
  // Written differently, an output left out for the family's first one, it is one relay all the same.
  const byName = new Map(valves.map((found) => [valveName(found.valve), found]));
  twice(
    'output',
    ofItsOwn,
    [...byName.values()].map(({ valve, field }) => ({ name: actuatorOf(valve).outlet, field })),
  );
  problems.push(...ambiguousMeters(zones));
  problems.push(...sourceContradictions(sources, zones));
  problems.push(...fertigationContradictions(farm), ...alarmContradictions(farm));
  problems.push(...trapContradictions(farm));
  twice(
    'id',
    'keep one',
    (farm.devices ?? []).map(({ id }, d) => ({ name: id, field: `devices[${d}].id` })),
  );
  for (const { zone, field } of zones) {
    if (zone.targetFraction <= zone.openBelowFraction)
      problems.push(`${field}.targetFraction must be above openBelowFraction (${zone.openBelowFraction})`);
    if (zone.runSeconds > zone.maxRunSeconds)
      problems.push(`${field}.runSeconds must not be above maxRunSeconds (${zone.maxRunSeconds})`);
    const { minFlowLitresPerMinute: min = 0, maxFlowLitresPerMinute: max = Infinity } = zone;
    const nominal = zone.nominalFlowLitresPerMinute;
    if (nominal === undefined) {
      if (zone.valve !== undefined)
        problems.push(
          `${field} lacks nominalFlowLitresPerMinute, without which nobody can tell a burst pipe: add it`,
        );
      continue;
    }
    if (min >= nominal)
      problems.push(`${field}.minFlowLitresPerMinute must be below nominalFlowLitresPerMinute (${nominal})`);
    if (max <= nominal)
      problems.push(`${field}.maxFlowLitresPerMinute must be above nominalFlowLitresPerMinute (${nominal})`);
  }
  return problems;
}
