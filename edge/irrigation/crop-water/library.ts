import { StartProblem } from '@nongtin/service';
import { Compile } from 'typebox/compile';
import { shapeProblems } from '../../shape.ts';
import ownCrops from './crops.json' with { type: 'json' };
import { nearestNames } from './nearest.ts';
import { AnnualCrop, type CropProfile, PerennialCrop, SoilProfile } from './profile.ts';
import ownSoils from './soils.json' with { type: 'json' };

const CROPS_FORMAT = 'nongtin-crops-1';
const SOILS_FORMAT = 'nongtin-soils-1';

/** Crops and soils by id. */
export interface Library {
  readonly crops: ReadonlyMap<string, CropProfile>;
  readonly soils: ReadonlyMap<string, SoilProfile>;
}

/** What a technician's crops.json and soils.json hold; a profile with the id of one of ours takes its place. */
export interface OwnProfiles {
  readonly crops?: unknown;
  readonly soils?: unknown;
}

const annualCrop = Compile(AnnualCrop);
const perennialCrop = Compile(PerennialCrop);
const soilProfile = Compile(SoilProfile);

/** Our profiles and a technician's own. Throws a StartProblem that names every wrong field, and the remedy. */
export function loadLibrary(own: OwnProfiles = {}): Library {
  const problems = libraryProblems(own);
  if (problems.length > 0)
    throw new StartProblem(
      `The crop library cannot be used: ${problems.join('; ')}. Correct it and start again.`,
    );
  // Both have been checked, ours by their test.
  const crops = [...ownCrops.crops, ...listIn(own.crops, 'crops')] as CropProfile[];
  const soils = [...ownSoils.soils, ...listIn(own.soils, 'soils')] as SoilProfile[];
  return {
    crops: new Map(crops.map((one) => [one.id, one])),
    soils: new Map(soils.map((one) => [one.id, one])),
  };
}

/** What is wrong with a technician's profiles, field by field; empty when nothing is. */
export function libraryProblems(own: OwnProfiles): string[] {
  return [
    ...fileProblems(own.crops, { file: 'crops.json', key: 'crops', format: CROPS_FORMAT, of: cropProblems }),
    ...fileProblems(own.soils, { file: 'soils.json', key: 'soils', format: SOILS_FORMAT, of: soilProblems }),
  ];
}

interface ProfileFile {
  readonly file: string;
  readonly key: 'crops' | 'soils';
  readonly format: string;
  of(value: unknown, at: string): string[];
}

function fileProblems(value: unknown, { file, key, format, of }: ProfileFile): string[] {
  if (value === undefined) return [];
  const list = isObject(value) ? value[key] : undefined;
  if (!isObject(value) || value.format !== format || !Array.isArray(list))
    return [`${file} must be {"format": "${format}", "${key}": […]}`];
  const ids = list.map((one: unknown) => (isObject(one) ? one.id : undefined));
  const twice = ids.flatMap((id, i) =>
    typeof id === 'string' && ids.indexOf(id) < i
      ? [`${file} ${key}[${i}].id '${id}' is there twice, rename or remove one`]
      : [],
  );
  return [...list.flatMap((one: unknown, i) => of(one, `${file} ${key}[${i}]`)), ...twice];
}

/** What is wrong with a crop profile; `at` names it. */
function cropProblems(value: unknown, at: string): string[] {
  const kind = isObject(value) && isObject(value.season) ? value.season.kind : undefined;
  if (kind !== 'annual' && kind !== 'perennial')
    return [`${at}.season.kind must be annual (with stageDays) or perennial (with 12 months)`];
  const validator = kind === 'annual' ? annualCrop : perennialCrop;
  const wrong = shapeProblems(validator.Errors(value), at);
  return wrong.length > 0 ? wrong : cropContradictions(value as CropProfile, at);
}

function cropContradictions(crop: CropProfile, at: string): string[] {
  const problems: string[] = [];
  const { kc, kcb, season, rootDepthMetres: roots } = crop;
  for (const stage of ['initial', 'mid', 'end'] as const)
    if (kcb !== undefined && kcb[stage] > kc[stage])
      problems.push(
        `${at}.kcb.${stage} (${kcb[stage]}) must not be above kc.${stage} (${kc[stage]}), of which it is a part: correct one`,
      );
  if (roots === undefined && crop.rootDepthDefaultMetres === undefined)
    problems.push(`${at} lacks rootDepthMetres, add it, or rootDepthDefaultMetres where it is not known`);
  if (roots !== undefined && roots.initial > roots.full)
    problems.push(`${at}.rootDepthMetres.initial (${roots.initial}) must not be above full (${roots.full})`);
  if (season.kind === 'annual') {
    const { initial, development, mid, late } = season.stageDays;
    const total = initial + development + mid + late;
    if (total < 14 || total > 366)
      problems.push(`${at}.season.stageDays add up to ${total} days: give a season of 14 to 366`);
    return problems;
  }
  if (!season.months.includes('mid'))
    problems.push(`${at}.season.months has no 'mid': name the months of full growth`);
  season.months.forEach((stage, month) => {
    const next = season.months[(month + 1) % 12];
    const before = season.months[(month + 11) % 12];
    const field = `${at}.season.months[${month}]`;
    if (stage === 'development' && next !== 'development' && next !== 'mid')
      problems.push(`${field} is 'development', which must lead to 'mid', not to '${next}'`);
    if (stage === 'late' && before !== 'late' && before !== 'mid')
      problems.push(`${field} is 'late', which must follow 'mid', not '${before}'`);
  });
  return problems;
}

/** What is wrong with a soil profile; `at` names it. */
function soilProblems(value: unknown, at: string): string[] {
  const wrong = shapeProblems(soilProfile.Errors(value), at);
  if (wrong.length > 0) return wrong;
  const { fieldCapacity, wiltingPoint } = value as SoilProfile;
  return capacityProblems(fieldCapacity, wiltingPoint, at);
}

/** Field capacity holds more than the wilting point, or the soil has no water for plants. */
export function capacityProblems(fieldCapacity: number, wiltingPoint: number, at: string): string[] {
  if (fieldCapacity > wiltingPoint) return [];
  return [
    `${at}.fieldCapacity (${fieldCapacity}) must be above wiltingPoint (${wiltingPoint}): measure the soil 24 to 48 h after heavy rain, which is about field capacity`,
  ];
}

/** 'crop' 'letuce' → a sentence that offers the nearest names. */
export function unknownName(at: string, typed: string, known: ReadonlyMap<string, unknown>): string {
  const near = nearestNames(typed, [...known.keys()]).join(', ');
  return `${at} '${typed}' is not known: did you mean ${near}? \`npm run crop-water -- crops\` and \`-- soils\` list all`;
}

function listIn(value: unknown, key: string): unknown[] {
  const list = isObject(value) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
