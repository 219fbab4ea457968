import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { farmProblems } from '../farm/problems.ts';
import { shapeProblems } from '../farm/shape.ts';
import { type DeviceSpec, type FarmSpec, isOutput, Words } from '../farm/spec.ts';
import type { TargetKind } from '../faults/fault.ts';
import { faults } from '../faults/index.ts';
import { type ClimateName, climateNames, climates } from '../field/climates.ts';
import { siteOf } from '../field/farm-field.ts';
import { type Sky, seededSky } from '../field/weather.ts';
import { readWeather, WeatherProblem } from '../field/weather-series.ts';
import { durationSeconds, instantMs } from './duration.ts';
import { expectationProblems, FieldExpectations } from './expectations.ts';

const closed = { additionalProperties: false } as const;

/** `nongtin-scenario-1`: what a file holds. */
const ScenarioFile = Type.Object(
  {
    format: Type.Literal('nongtin-scenario-1'),
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
    title: Words,
    /** 1 unless it is given here or when it is run. */
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 })),
    /** ISO 8601 with an offset. */
    start: Type.String(),
    /** ISO 8601 duration: P1DT6H. */
    length: Type.String(),
    speed: Type.Optional(Type.Number({ minimum: 0.01, maximum: 3600 })),
    /** Name of a built-in farm, or a farm. */
    farm: Type.Union([Type.String(), Type.Object({}, { additionalProperties: true })]),
    /** Absent: the farm's own climate. */
    weather: Type.Optional(
      Type.Object({ climate: Type.Optional(Type.String()), file: Type.Optional(Type.String()) }, closed),
    ),
    faults: Type.Array(
      Type.Object(
        {
          fault: Type.String(),
          /** ISO 8601 duration from the start, or an instant with an offset. */
          at: Type.String(),
          /** ISO 8601 duration; absent: to the end. */
          for: Type.Optional(Type.String()),
          target: Type.Optional(Type.String()),
        },
        { additionalProperties: true },
      ),
    ),
    /** What must come of it; absent: there is no verdict. */
    expect: Type.Optional(FieldExpectations),
  },
  closed,
);
type ScenarioFile = Static<typeof ScenarioFile>;
const validator = Compile(ScenarioFile);

export interface OrderedFault {
  readonly fault: string;
  /** From the start, by the farm's time. */
  readonly atSeconds: number;
  /** Null: to the end. */
  readonly forSeconds: number | null;
  /** Empty for a fault of the whole farm or of the gateway. */
  readonly target: string;
  readonly options: Readonly<Record<string, unknown>>;
}

interface WeatherFile {
  readonly file: string;
  /** From then on its last day comes again and again, without rain; UTC milliseconds. */
  readonly toMs: number;
}

/** A scenario that can be run. */
export interface Scenario {
  readonly name: string;
  readonly title: Static<typeof Words>;
  readonly seed: number;
  /** The farm's time at the start, UTC milliseconds. */
  readonly startMs: number;
  readonly lengthSeconds: number;
  readonly speed: number;
  readonly farm: FarmSpec;
  readonly weather: { readonly climate: ClimateName } | WeatherFile;
  /** The sky over it for a seed. */
  sky(seed: number): Sky;
  readonly faults: readonly OrderedFault[];
  readonly expect: FieldExpectations | undefined;
}

/** What a scenario refers to by name. */
export interface Library {
  /** A built-in farm; undefined when there is none of that name. */
  farm(name: string): unknown;
  readonly farmNames: readonly string[];
  /** A weather file's text; undefined when it cannot be read. */
  weather(file: string): string | undefined;
}

/** What is wrong with a scenario: one line a field, with the remedy. */
export class ScenarioProblem extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ScenarioProblem';
    this.problems = problems;
  }
}

/** From a parsed file. Throws a ScenarioProblem with everything that is wrong with it. */
export function readScenario(value: unknown, library: Library): Scenario {
  if (!validator.Check(value)) throw new ScenarioProblem(shapeProblems(validator.Errors(value)));
  const problems: string[] = [];
  const startMs = instantMs(value.start);
  if (startMs === undefined)
    problems.push(
      `start must be an instant with an offset such as 2026-03-10T06:00:00+07:00, not '${value.start}'`,
    );
  const lengthSeconds = durationSeconds(value.length);
  if (lengthSeconds === undefined || lengthSeconds === 0)
    problems.push(`length must be an ISO 8601 duration such as P1DT6H, not '${value.length}'`);
  const farm = farmOf(value.farm, library, problems);
  if (farm === undefined || startMs === undefined || lengthSeconds === undefined || problems.length > 0)
    throw new ScenarioProblem(problems);
  const period = { startMs, endMs: startMs + lengthSeconds * 1000 };
  const ordered = value.faults.map((fault, index) =>
    orderOf(fault, `faults[${index}]`, { farm, ...period }, problems),
  );
  if (value.expect !== undefined) problems.push(...expectationProblems(value.expect, farm));
  const { weather, sky } = skyOf(value.weather ?? {}, farm, period, library, problems);
  if (problems.length > 0) throw new ScenarioProblem(problems);
  return {
    ...{ name: value.name, title: value.title, seed: value.seed ?? 1, speed: value.speed ?? 1 },
    ...{ startMs, lengthSeconds, farm, weather, sky, expect: value.expect },
    faults: ordered.filter((order) => order !== undefined),
  };
}

function farmOf(farm: ScenarioFile['farm'], library: Library, problems: string[]): FarmSpec | undefined {
  const found = typeof farm === 'string' ? library.farm(farm) : farm;
  if (found === undefined) {
    problems.push(
      `farm must be one of ${library.farmNames.join(', ')}, or a farm itself, not '${String(farm)}'`,
    );
    return undefined;
  }
  const wrong = farmProblems(found);
  problems.push(...wrong);
  return wrong.length === 0 ? (found as FarmSpec) : undefined;
}

interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

function skyOf(
  { climate, file }: NonNullable<ScenarioFile['weather']>,
  farm: FarmSpec,
  period: Period,
  library: Library,
  problems: string[],
): Pick<Scenario, 'weather' | 'sky'> {
  if (climate !== undefined && file !== undefined)
    problems.push('weather has a climate and a file: remove one of them');
  if (file !== undefined) return skyOfFile(file, farm, period, library, problems);
  const name = (climate ?? farm.climate) as ClimateName;
  if (!climateNames.includes(name))
    problems.push(`weather.climate must be one of ${climateNames.join(', ')}, not '${climate}'`);
  return { weather: { climate: name }, sky: (seed) => seededSky(climates[name], siteOf(farm), seed) };
}

function skyOfFile(
  file: string,
  farm: FarmSpec,
  { startMs, endMs }: Period,
  library: Library,
  problems: string[],
): Pick<Scenario, 'weather' | 'sky'> {
  const sky = () => seededSky(climates['binh-thuan'], siteOf(farm), 1);
  const none = { weather: { file, toMs: endMs }, sky };
  const csv = library.weather(file);
  if (csv === undefined) {
    problems.push(`weather.file '${file}' cannot be read: name a file beside the scenario`);
    return none;
  }
  try {
    const series = readWeather(csv, siteOf(farm));
    if (series.fromMs > startMs || series.toMs < endMs)
      problems.push(
        `weather.file '${file}' goes from ${iso(series.fromMs)} to ${iso(series.toMs)}, which does not hold ${iso(startMs)} to ${iso(endMs)}: move start, or shorten length`,
      );
    return { weather: { file, toMs: series.toMs }, sky: series.sky };
  } catch (error) {
    if (!(error instanceof WeatherProblem)) throw error;
    problems.push(`weather.file '${file}': ${error.message}`);
    return none;
  }
}

const iso = (atMs: number) => new Date(atMs).toISOString();

const FIELDS = new Set(['fault', 'at', 'for', 'target']);

function orderOf(
  order: ScenarioFile['faults'][number],
  at: string,
  scene: Period & { readonly farm: FarmSpec },
  problems: string[],
): OrderedFault | undefined {
  const found = Object.hasOwn(faults, order.fault) ? faults[order.fault] : undefined;
  if (found === undefined) {
    problems.push(`${at}.fault must be one of ${Object.keys(faults).join(', ')}, not '${order.fault}'`);
    return undefined;
  }
  const options = Object.fromEntries(Object.entries(order).filter(([field]) => !FIELDS.has(field)));
  const optionValidator = Compile(Type.Object(found.options.properties, closed));
  if (!optionValidator.Check(options)) problems.push(...shapeProblems(optionValidator.Errors(options), at));
  const instant = instantMs(order.at);
  const atSeconds = durationSeconds(order.at) ?? (instant && (instant - scene.startMs) / 1000);
  const lengthSeconds = (scene.endMs - scene.startMs) / 1000;
  if (atSeconds === undefined)
    problems.push(
      `${at}.at must be a duration from the start such as PT6H, or an instant with an offset, not '${order.at}'`,
    );
  else if (atSeconds < 0 || atSeconds >= lengthSeconds)
    problems.push(`${at}.at lies outside of the scenario's ${lengthSeconds} s, move it`);
  const forSeconds = order.for === undefined ? null : durationSeconds(order.for);
  if (forSeconds === undefined)
    problems.push(`${at}.for must be a duration such as PT30M, not '${order.for}'`);
  const target = order.target ?? '';
  const wrongTarget = targetProblem(found.target, target, scene.farm);
  if (wrongTarget !== undefined) problems.push(`${at}.target ${wrongTarget}`);
  if (atSeconds === undefined || forSeconds === undefined) return undefined;
  return { fault: order.fault, atSeconds, forSeconds, target, options };
}

function targetProblem(kind: TargetKind, target: string, farm: FarmSpec): string | undefined {
  if (kind === 'farm' || kind === 'gateway')
    return target === '' ? undefined : `is not needed for a fault of the ${kind}, remove it`;
  const names = targetsOf(kind, farm);
  if (names.includes(target) || (kind === 'devices' && target === '')) return undefined;
  const known = names.length === 0 ? 'this farm has none' : `one of ${names.join(', ')}`;
  return `must name a ${kind}, ${known}, not '${target}'`;
}

function targetsOf(kind: TargetKind, farm: FarmSpec): string[] {
  const ids = (devices: readonly { readonly id: string }[]) => devices.map(({ id }) => id);
  switch (kind) {
    case 'zone':
      return ids(farm.zones);
    case 'source':
      return ids(farm.sources);
    case 'source with a pump':
      return ids(farm.sources.filter(({ pump }) => pump !== undefined));
    case 'source with a tank':
      return ids(farm.sources.filter(({ tank }) => tank !== undefined));
    case 'source with a filter':
      return ids(farm.sources.filter(({ filter }) => filter !== undefined));
    case 'output':
      return ids(farm.devices.filter(isOutput));
    case 'dose pump':
      return ids(farm.devices.filter(({ kind: is }) => is === 'dose_pump'));
    case 'sensor':
      return ids(farm.devices.filter((device) => !isOutput(device)));
    case 'meter':
      return ids(farm.devices.filter(isMeter));
    default:
      return ids(farm.devices);
  }
}

function isMeter(device: DeviceSpec): boolean {
  return device.kind === 'flow_meter' || (isOutput(device) && device.meterLitresPerPulse !== undefined);
}
