import { parseArgs } from 'node:util';
import { StartProblem } from '@nongtin/service';
import { parsedJson, type Read, typedNumber, withNegatives } from '../../../command-line.ts';
import { type Library, loadLibrary } from '../library.ts';
import { siteProblems } from '../site.ts';
import { EDITIONS, type Edition, type Site, type WetBulb } from '../types.ts';
import { zoneModel } from '../zone-model.ts';
import { type ZoneWater, zoneWaterProblems } from '../zone-water.ts';
import { balance, balanceAsJson, balanceInWords } from './balance.ts';
import { type Et0Options, et0AsJson, et0InWords, et0Rows } from './et0.ts';
import { inDigits } from './figures.ts';
import { COLUMNS, type Input, readInput } from './input.ts';

export const USAGE = `Usage: npm run crop-water -- et0 FILE [--latitude D --elevation M …] [--edition E] [--full] [--json]
       npm run crop-water -- balance FILE [--zone FILE] [--start MM] [--water early] [--flow L/MIN] [--full] [--json]
       npm run crop-water -- crops [ID] [--json]
       npm run crop-water -- soils [ID] [--json]
  FILE                a table (comma, semicolon or tab; first line: column names) or JSON; - reads what is piped in
                      {"site": {…}, "zone": {…}, "days" or "hours" or "months": [{"date": "2026-03-01", "tmin": 24, …}]}
  --latitude D        degrees, north positive; --longitude D, east positive (for hours); --elevation M, metres
  --wind-height M     of the anemometer, 2 if not given;  --coastal  near the sea
  --ventilation V     of a psychrometer: aspirated, natural or indoor
  --edition E         ${EDITIONS.join(' or ')} (the latter if not given)
  --zone FILE         JSON: crop, soil, areaSquareMetres, method, plantedOn …
  --start MM          depletion before the first day, 0 if not given
  --water early       it comes before the day's ETc, as in FAO-56's example 38; else after it, by the equations
  --crops, --soils    files with profiles of your own
  --full              every figure of every row, with unit and equation
Columns: date (YYYY-MM-DD), time (2026-03-01T14:00+07:00) or month (1 to 12), and
${Object.entries(COLUMNS)
  .map(([name, meaning]) => `  ${name.padEnd(12)}${meaning}`)
  .join('\n')}
Empty, - or NA: not measured.`;

const options = {
  latitude: { type: 'string' },
  longitude: { type: 'string' },
  elevation: { type: 'string' },
  'wind-height': { type: 'string' },
  coastal: { type: 'boolean' },
  ventilation: { type: 'string', default: 'aspirated' },
  edition: { type: 'string' },
  zone: { type: 'string' },
  start: { type: 'string' },
  water: { type: 'string', default: 'late' },
  flow: { type: 'string' },
  crops: { type: 'string' },
  soils: { type: 'string' },
  full: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export type Arguments = ReturnType<typeof readArguments>;

/** Throws an Error that says what of the command line is wrong. */
export function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({ args: withNegatives(args), options, allowPositionals: true });
  const [command, name, ...others] = positionals;
  if (command !== 'et0' && command !== 'balance' && command !== 'crops' && command !== 'soils')
    throw new Error('et0, balance, crops or soils is expected');
  if ((command === 'et0' || command === 'balance') && name === undefined)
    throw new Error('a file is expected, or - for what is piped in');
  if (others.length > 0) throw new Error(`${others.join(' ')} is too much`);
  const { ventilation } = values;
  if (ventilation !== 'aspirated' && ventilation !== 'natural' && ventilation !== 'indoor')
    throw new Error('--ventilation is aspirated, natural or indoor');
  const { water } = values;
  if (water !== 'early' && water !== 'late') throw new Error('--water is early or late');
  if (values.edition !== undefined && !isEdition(values.edition))
    throw new Error(`--edition is ${EDITIONS.join(' or ')}`);
  return {
    ...values,
    ventilation: ventilation as WetBulb['ventilation'],
    water: water as 'early' | 'late',
    command,
    name: name ?? null,
  };
}

/** What the tool says. Throws a StartProblem with what is wrong with what was given. */
export function answer(given: Arguments, read: Read): string {
  const { command, name, json, full } = given;
  const library = loadLibrary({
    ...(given.crops === undefined ? {} : { crops: parsedJson(read(given.crops, 'crops.json'), given.crops) }),
    ...(given.soils === undefined ? {} : { soils: parsedJson(read(given.soils, 'soils.json'), given.soils) }),
  });
  if (command === 'crops') return listed(library.crops, name, json, cropLine);
  if (command === 'soils') return listed(library.soils, name, json, soilLine);
  const file = name ?? '-';
  const input = readInput(read(file, 'a table or JSON of weather'), file === '-' ? 'the input' : file);
  if (command === 'et0') {
    const weather = weatherOptions(input, given);
    if (weather === null)
      throw new StartProblem('where was it measured? Give --latitude and --elevation, or "site" in the JSON');
    const rows = et0Rows(input, weather);
    return json ? et0AsJson(rows) : et0InWords(rows, full);
  }
  const result = balance(input, {
    zone: zoneOf(input, given, { library, read }),
    weather: weatherOptions(input, given),
    startDepletionMm: amount(given.start, '--start') ?? startOf(input),
    flowLitresPerMinute: amount(given.flow, '--flow') ?? null,
    waterComes: given.water,
  });
  return json ? balanceAsJson(result) : balanceInWords(result, full);
}

function weatherOptions(input: Input, given: Arguments): Et0Options | null {
  const edition = given.edition ?? input.edition ?? 'FAO56-2025';
  if (!isEdition(edition)) throw new StartProblem(`edition must be one of ${EDITIONS.join(', ')}`);
  const site = siteOf(input, given);
  return site === null ? null : { site, edition, ventilation: given.ventilation };
}

function siteOf(input: Input, given: Arguments): Site | null {
  const latitudeDegrees = typedNumber(given.latitude, '--latitude');
  if (latitudeDegrees === undefined && input.site === undefined) return null;
  const fromFlags = {
    ...(latitudeDegrees === undefined ? {} : { latitudeDegrees }),
    ...optional('longitudeDegrees', typedNumber(given.longitude, '--longitude')),
    ...optional('elevationMetres', typedNumber(given.elevation, '--elevation')),
    ...optional('windHeightMetres', typedNumber(given['wind-height'], '--wind-height')),
    ...optional('isCoastal', given.coastal),
  };
  const usual = {
    isCoastal: false,
    windHeightMetres: 2,
    ...(input.period === 'hour' ? {} : { longitudeDegrees: 0 }),
  };
  const site = { ...usual, ...(input.site as object | undefined), ...fromFlags };
  const problems = siteProblems(site, 'site');
  if (problems.length > 0) throw new StartProblem(`${problems.join('; ')}`);
  return site as Site;
}

function zoneOf(input: Input, given: Arguments, { library, read }: { library: Library; read: Read }) {
  const zone =
    given.zone === undefined ? input.zone : parsedJson(read(given.zone, 'a zone as JSON'), given.zone);
  if (zone === undefined) throw new StartProblem('which zone? Give --zone FILE, or "zone" in the JSON');
  const problems = zoneWaterProblems(zone, 'zone', library);
  if (problems.length > 0) throw new StartProblem(`${problems.join('\n')}`);
  return zoneModel(zone as ZoneWater, library);
}

function startOf({ startDepletionMm }: Input): number {
  if (startDepletionMm === undefined) return 0;
  if (typeof startDepletionMm === 'number' && startDepletionMm >= 0) return startDepletionMm;
  throw new StartProblem('startDepletionMm must be mm, 0 or more');
}

function amount(text: string | undefined, option: string): number | undefined {
  const value = typedNumber(text, option);
  if (value !== undefined && value < 0) throw new StartProblem(`${option} must be 0 or more`);
  return value;
}

function optional<Value>(name: string, value: Value | undefined): Record<string, Value> {
  return value === undefined ? {} : { [name]: value };
}

function isEdition(value: unknown): value is Edition {
  return EDITIONS.some((one) => one === value);
}

type Crop = Library['crops'] extends ReadonlyMap<string, infer One> ? One : never;
type Soil = Library['soils'] extends ReadonlyMap<string, infer One> ? One : never;

function listed<One>(
  all: ReadonlyMap<string, One>,
  id: string | null,
  json: boolean,
  line: (one: One) => string,
) {
  if (id === null)
    return json ? JSON.stringify([...all.values()], null, 2) : [...all.values()].map(line).join('\n');
  const found = all.get(id);
  if (found !== undefined) return JSON.stringify(found, null, 2);
  throw new StartProblem(`'${id}' is not known: there are ${[...all.keys()].join(', ')}`);
}

function cropLine({ id, name, edition, kc, depletionFraction, season }: Crop): string {
  const curve = [kc.initial, kc.mid, kc.end].map((one) => one.toFixed(2)).join('/');
  const length = season.kind === 'perennial' ? 'perennial' : `${Object.values(season.stageDays).join('/')} d`;
  return `${id.padEnd(24)}Kc ${curve}  p ${depletionFraction.toFixed(2)}  ${length.padEnd(14)}${edition}  ${name.vi} · ${name.en}`;
}

function soilLine({ id, name, fieldCapacity, wiltingPoint, readilyEvaporableMm }: Soil): string {
  const held = inDigits(1000 * (fieldCapacity - wiltingPoint));
  return `${id.padEnd(18)}θFC ${fieldCapacity.toFixed(3)}  θWP ${wiltingPoint.toFixed(3)}  ${held} mm/m  REW ${readilyEvaporableMm} mm  ${name.vi} · ${name.en}`;
}
