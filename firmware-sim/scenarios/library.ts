import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { farms } from '../farms/index.ts';
import { type Library, readScenario, type Scenario, ScenarioProblem } from './scenario.ts';

const FOLDER = import.meta.dirname;
const ENDING = '.json';

/** @param folder where the weather files of a scenario lie */
function libraryIn(folder: string): Library {
  return {
    farm: (name) => farms.find((farm) => farm.name === name),
    farmNames: farms.map(({ name }) => name),
    weather: (file) => textOf(resolve(folder, file)),
  };
}

/** Names of the scenarios that come with the simulator. */
export function scenarioNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .toSorted();
}

/** A scenario that comes with the simulator. Throws a ScenarioProblem when there is none of that name. */
export function builtInScenario(name: string): Scenario {
  const names = scenarioNames();
  if (!names.includes(name))
    throw new ScenarioProblem([`scenario must be one of ${names.join(', ')}, or a file, not '${name}'`]);
  return scenarioFile(join(FOLDER, name + ENDING));
}

/** From a file. Throws a ScenarioProblem with everything that is wrong with it. */
export function scenarioFile(path: string): Scenario {
  const text = textOf(path);
  if (text === undefined)
    throw new ScenarioProblem([`${path} cannot be read: give the path of a scenario file`]);
  try {
    return readScenario(JSON.parse(text), libraryIn(resolve(path, '..')));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ScenarioProblem([`${path} is no JSON: ${error.message}`]);
    throw error;
  }
}

/** From a value that a harness made; weather files are looked for in `folder`. */
export function scenarioOf(value: unknown, folder = FOLDER): Scenario {
  return readScenario(value, libraryIn(folder));
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
