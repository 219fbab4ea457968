import { join } from 'node:path';
import { readStateFile } from '@nongtin/service';
import { type Library, loadLibrary } from '../crop-water/library.ts';

/** Our crops and soils, and those of `crops.json` and `soils.json` in the gateway's folder. Throws a StartProblem. */
export function openLibrary(folder: string): Library {
  const own = (name: string) =>
    readStateFile(
      join(folder, name),
      (value): value is object => typeof value === 'object' && value !== null,
    );
  return loadLibrary({ crops: own('crops.json'), soils: own('soils.json') });
}
