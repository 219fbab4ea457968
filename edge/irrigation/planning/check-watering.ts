import { statSync } from 'node:fs';
import { StartProblem } from '@nongtin/service';
import type { Farm } from '../../farm/layout.ts';
import type { Library } from '../crop-water/library.ts';
import { wateringProblems } from './watering-problems.ts';

interface CheckOptions {
  /** farm.json. */
  readonly path: string;
  /** Written whenever the gateway has run for a while with the farm as it is. */
  readonly usedPath: string;
  readonly library: Library;
  readonly nowMs: number;
  readonly hasForecast: boolean;
}

/**
 * Throws a StartProblem that names every wrong field of how the farm is watered, and the remedy. Dates that are over are held
 * against a file that somebody has written since the gateway last ran; one that has been used for long does not keep a
 * gateway from starting again because a holiday is over.
 */
export function checkWatering(
  farm: Farm,
  { path, usedPath, library, nowMs, hasForecast }: CheckOptions,
): void {
  const isNew = (changedMs(path) ?? 0) > (changedMs(usedPath) ?? 0);
  const problems = wateringProblems(farm, { library, nowMs: isNew ? nowMs : null, hasForecast });
  if (problems.length === 0) return;
  throw new StartProblem(`${path} cannot be used: ${problems.join('; ')}. Correct it and start again.`);
}

function changedMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
