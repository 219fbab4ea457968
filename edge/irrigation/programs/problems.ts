import { Compile, type Validator } from 'typebox/compile';
import { shapeProblems } from '../../shape.ts';
import { cuttingOf, durationSeconds } from './amount.ts';
import { momentOfText } from './bans.ts';
import { DAY_MS, dayOfText, localDay } from './calendar.ts';
import type { ProgramContext } from './context.ts';
import { isDate } from './holidays.ts';
import { neverProblems } from './never.ts';
import {
  ClockProgram,
  DepletionProgram,
  type Program,
  type ScheduledProgram,
  SoilMoistureProgram,
  VolumeProgram,
} from './program.ts';
import { scheduleProblems } from './schedule-problems.ts';
import { greatestAmount } from './scheduled.ts';
import { windowProblems } from './window-problems.ts';

const validators: Record<string, Validator> = {
  depletion: Compile(DepletionProgram),
  soil_moisture: Compile(SoilMoistureProgram),
  clock: Compile(ClockProgram),
  volume: Compile(VolumeProgram),
};

/** What is wrong with how a program is written, whatever zone it is for; `at` names it. Empty: it is a Program. */
export function programShapeProblems(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null)
    return [`${at} must be a program, an object with its id and kind`];
  const kind: unknown = 'kind' in value ? value.kind : 'depletion';
  const validator =
    typeof kind === 'string' && Object.hasOwn(validators, kind) ? validators[kind] : undefined;
  if (!validator)
    return [`${at}.kind must be one of ${Object.keys(validators).join(', ')}; absent, it is depletion`];
  return validator.Check(value) ? [] : shapeProblems(validator.Errors(value), at);
}

/** What is wrong with a program for one zone, field by field and with the remedy; `at` names it. Empty: nothing is. */
export function programProblems(value: unknown, at: string, context: ProgramContext): string[] {
  const shape = programShapeProblems(value, at);
  if (shape.length > 0) return shape;
  const program = value as Program;
  const problems = [
    ...windowProblems(program, at, context),
    ...pauseProblems(program, at, context),
    ...cycleProblems(program, at, context),
    ...sensorProblems(program, at, context),
    ...kindProblems(program, at, context),
  ];
  return problems.length > 0 ? problems : neverProblems(program, at, context);
}

function pauseProblems(
  { holidays = [], pausedUntil }: Program,
  at: string,
  { nowMs, site }: ProgramContext,
): string[] {
  const today = nowMs === null ? null : localDay(site.timeZone, nowMs);
  const wrongDays = holidays.flatMap((holiday, h): string[] => {
    const field = `${at}.holidays[${h}]`;
    if (!isDate(holiday))
      return [`${field} '${holiday}' is no day: write 2027-02-06, or 02-06 for every year`];
    const day = dayOfText(holiday);
    return day !== null && today !== null && day < today ? [`${field} ${holiday} is over: remove it`] : [];
  });
  if (pausedUntil === undefined) return wrongDays;
  const untilMs = momentOfText(pausedUntil, site);
  if (untilMs === null)
    return [...wrongDays, `${at}.pausedUntil must be a local time such as 2026-12-01T06:00`];
  if (nowMs === null || untilMs > nowMs) return wrongDays;
  return [...wrongDays, `${at}.pausedUntil ${pausedUntil} is over: remove it`];
}

function cycleProblems({ cycles }: Program, at: string, { zone }: ProgramContext): string[] {
  if (!cycles) return [];
  const field = `${at}.cycles`;
  const {
    maxSeconds,
    minSoakSeconds,
    infiltrationMmPerHour: infiltration,
    surfaceStorageMm: storage,
  } = cycles;
  const problems: string[] = [];
  if (maxSeconds !== undefined && maxSeconds > zone.maxRunSeconds)
    problems.push(`${field}.maxSeconds must not be above the zone's maxRunSeconds (${zone.maxRunSeconds})`);
  if ((infiltration === undefined) !== (storage === undefined))
    problems.push(
      `${field} needs both infiltrationMmPerHour and surfaceStorageMm to derive a cycle: add the other`,
    );
  if (infiltration !== undefined && zone.areaSquareMetres === null)
    problems.push(`${field}.infiltrationMmPerHour needs the zone's area: add areaSquareMetres to the zone`);
  if (maxSeconds === undefined && infiltration === undefined)
    problems.push(`${field} says neither maxSeconds nor infiltrationMmPerHour: add one`);
  if (maxSeconds !== undefined && minSoakSeconds === undefined && infiltration === undefined)
    problems.push(`${field} lacks minSoakSeconds, add how long the water soaks in between`);
  return problems;
}

function sensorProblems(program: Program, at: string, context: ProgramContext): string[] {
  const { zone, hasRainGauge, hasWindGauge, hasForecast } = context;
  const problems: string[] = [];
  if (!zone.isMetered && program.allowUnproven !== true)
    problems.push(
      `${at} is for a zone without a flow meter, where nothing proves that water flows: name the valve's flowMeter, or say "allowUnproven": true`,
    );
  if (program.rainSkip && !hasRainGauge)
    problems.push(`${at}.rainSkip needs a rain gauge: list one among the farm's devices, or remove it`);
  if (program.rainSkip?.mm === 0)
    problems.push(`${at}.rainSkip.mm must be above 0, or nothing would ever be watered`);
  if (program.windSkip && !hasWindGauge)
    problems.push(`${at}.windSkip needs a wind gauge: list one among the farm's devices, or remove it`);
  if (program.forecastSkip && !hasForecast)
    problems.push(`${at}.forecastSkip needs a forecast: give the farm its address or file, or remove it`);
  if (program.forecastSkip?.mm === 0)
    problems.push(`${at}.forecastSkip.mm must be above 0, or nothing would ever be watered`);
  return problems;
}

function kindProblems(program: Program, at: string, context: ProgramContext): string[] {
  switch (program.kind) {
    case 'clock':
      return [...scheduleProblems(program, at, context), ...lengthProblems(program, at, context)];
    case 'volume':
      return [
        ...scheduleProblems(program, at, context),
        ...volumeProblems(program, at, context),
        ...lengthProblems(program, at, context),
      ];
    case 'soil_moisture':
      return soilMoistureProblems(program, at, context);
    default:
      return depletionProblems(program, at, context);
  }
}

/** In the month of its season that asks for most. */
function lengthProblems(program: ScheduledProgram, at: string, { zone }: ProgramContext): string[] {
  const greatest = greatestAmount(program, { zone });
  if (!greatest) return [];
  const lasts = durationSeconds(greatest.seconds, cuttingOf(program.cycles, zone));
  if (lasts * 1000 <= DAY_MS) return [];
  const amounts = ['runSeconds', 'litres', 'litresPerPlant', 'mm'];
  const field = amounts.find((name) => name in program);
  return [
    `${at}.${field} with its soaks and season lasts up to ${Math.round(lasts / 3600)} h, more than a day: shorten it`,
  ];
}

function volumeProblems(program: VolumeProgram, at: string, { zone }: ProgramContext): string[] {
  const { litres, litresPerPlant, mm } = program;
  const stated = [litres, litresPerPlant, mm].filter((amount) => amount !== undefined).length;
  if (stated !== 1) return [`${at} must say exactly one of litres, litresPerPlant and mm`];
  if (litresPerPlant !== undefined && zone.plants === null)
    return [`${at}.litresPerPlant needs the number of plants: add plants to the zone, or say litres`];
  if (mm !== undefined && zone.areaSquareMetres === null)
    return [`${at}.mm needs the zone's area: add areaSquareMetres to the zone, or say litres`];
  return [];
}

function soilMoistureProblems(program: SoilMoistureProgram, at: string, { zone }: ProgramContext): string[] {
  const { openBelowFraction, targetFraction, maxSeconds, maxLitres } = program;
  const problems: string[] = [];
  if (!zone.hasSoilProbe)
    problems.push(
      `${at} goes by a soil probe, and the zone has none: add soilProbe to the zone, or use another kind`,
    );
  if (targetFraction <= openBelowFraction)
    problems.push(`${at}.targetFraction must be above openBelowFraction (${openBelowFraction})`);
  if ((maxSeconds === undefined) === (maxLitres === undefined))
    problems.push(`${at} must say either maxSeconds or maxLitres, the most of one day or window`);
  return problems;
}

function depletionProblems(program: DepletionProgram, at: string, { zone }: ProgramContext): string[] {
  const problems: string[] = [];
  if (!zone.hasCropModel)
    problems.push(
      `${at} goes by what the soil lacks, which needs the zone's crop, soil and area: add them, or use another kind`,
    );
  if (zone.isFlooded)
    problems.push(
      `${at} goes by what the soil lacks, and the zone's crop stands in water: use the kind clock or volume, or change the zone's crop to an aerobic one`,
    );
  if (program.triggerRawFraction !== undefined && program.allowedDepletionFraction !== undefined)
    problems.push(`${at} says both triggerRawFraction and allowedDepletionFraction: keep one`);
  return problems;
}
