import { join } from 'node:path';
import { readStateFile, StartProblem } from '@nongtin/service';
import { Compile } from 'typebox/compile';
import { plainName } from '../crop-protection/names.ts';
import { shapeProblems } from '../shape.ts';
import ownPests from './pests.json' with { type: 'json' };
import { PestProfile } from './profile.ts';

const FORMAT = 'nongtin-pests-1';
const validator = Compile(PestProfile);
const FILE = 'pests.json';

/** Pests by id. */
export type PestLibrary = ReadonlyMap<string, PestProfile>;

/**
 * Our pests and a farm's own: one with the id of one of ours says only what is otherwise there, any other one all of it. Throws a
 * StartProblem that names every wrong field, and the remedy.
 */
export function loadPests(own?: unknown): PestLibrary {
  const problems = pestProblems(own);
  if (problems.length > 0)
    throw new StartProblem(
      `The pest library cannot be used: ${problems.join('; ')}. Correct it and start again.`,
    );
  // Both have been checked, ours by their test.
  return new Map([...ours(), ...entries(own).map(merged)].map((one) => [one.id, one as PestProfile]));
}

/** Our pests, and those of `pests.json` in the gateway's folder. Throws a StartProblem. */
export function openPests(folder: string): PestLibrary {
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
  return loadPests(readStateFile(join(folder, FILE), isObject));
}

/** What is wrong with a farm's own pests, field by field; empty when nothing is. */
export function pestProblems(own: unknown): string[] {
  if (own === undefined) return [];
  const { format, pests } = (own ?? {}) as { format?: unknown; pests?: unknown };
  if (format !== FORMAT || !Array.isArray(pests))
    return [`${FILE} must be {"format": "${FORMAT}", "pests": […]}`];
  const ids = pests.map((one: unknown) => (one as { id?: unknown } | null)?.id);
  return pests.flatMap((one: unknown, i) => {
    const at = `${FILE} pests[${i}]`;
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return [`${at} must be an object`];
    if (typeof ids[i] === 'string' && ids.indexOf(ids[i]) < i)
      return [`${at}.id '${ids[i]}' is there twice, rename or remove one`];
    const whole = merged(one as { id?: unknown });
    return validator.Check(whole) ? contradictions(whole, at) : shapeProblems(validator.Errors(whole), at);
  });
}

function contradictions({ kind, development, infection, thresholds }: PestProfile, at: string): string[] {
  const problems: string[] = [];
  if (kind === 'fungus' && development !== null)
    problems.push(`${at}.development is of insects and mites: make it null, and give infection`);
  if (kind !== 'fungus' && infection !== null)
    problems.push(`${at}.infection is of fungi: make it null, or kind 'fungus'`);
  if (development !== null && development.upperCelsius !== null)
    if (development.upperCelsius <= development.lowerCelsius)
      problems.push(
        `${at}.development.upperCelsius (${development.upperCelsius}) must be above lowerCelsius (${development.lowerCelsius})`,
      );
  thresholds.forEach(({ unit, value }, t) => {
    if (unit.startsWith('percent_') && value > 100)
      problems.push(`${at}.thresholds[${t}].value (${value}) is a percentage: give at most 100`);
  });
  return infection === null
    ? problems
    : [...problems, ...needProblems(infection.needs, `${at}.infection.needs`)];
}

function needProblems(needs: NonNullable<PestProfile['infection']>['needs'], at: string): string[] {
  if ('hoursAt' in needs) {
    const falls = needs.hoursAt.findIndex(
      ({ celsius }, i) => celsius <= (needs.hoursAt[i - 1]?.celsius ?? Number.NEGATIVE_INFINITY),
    );
    return falls < 0 ? [] : [`${at}.hoursAt[${falls}].celsius must be above the one before it: sort them`];
  }
  const { minCelsius, optimumCelsius, maxCelsius, minWetHours, maxWetHours } = needs;
  const problems: string[] = [];
  if (!(minCelsius < optimumCelsius && optimumCelsius < maxCelsius))
    problems.push(
      `${at} must rise from minCelsius to optimumCelsius to maxCelsius: ${minCelsius}, ${optimumCelsius}, ${maxCelsius} do not`,
    );
  if (minWetHours > maxWetHours)
    problems.push(`${at}.minWetHours (${minWetHours}) must not be above maxWetHours (${maxWetHours})`);
  return problems;
}

/** Pests of a crop as people name it: 'Thanh long ruột đỏ' is 'thanh long'. */
export function pestsOfCrop(library: PestLibrary, crop: string): PestProfile[] {
  const spoken = ` ${plainName(crop)} `;
  return [...library.values()].filter(({ crops }) =>
    crops.some((one) => spoken.includes(` ${plainName(one)} `)),
  );
}

function ours(): { id: string }[] {
  return ownPests.pests;
}

function merged<T extends { id?: unknown }>(own: T): T {
  return { ...ours().find(({ id }) => id === own.id), ...own };
}

function entries(own: unknown): { id: string }[] {
  return own === undefined ? [] : (own as { pests: { id: string }[] }).pests;
}
