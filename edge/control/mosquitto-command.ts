import { resolve } from 'node:path';

export interface MosquittoCommand {
  readonly what: 'config';
  readonly folder: string;
}

/** From what was typed. Throws an Error that says what is missing. */
export function mosquittoCommand([what, folder, ...more]: readonly string[]): MosquittoCommand {
  if (what !== 'config') throw new Error('mosquitto config DIR is expected');
  if (folder === undefined) throw new Error('into which folder? mosquitto config DIR');
  if (more.length > 0) throw new Error(`${more[0]} is too much`);
  return { what, folder: resolve(folder) };
}
