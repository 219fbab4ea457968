import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { explainProblem, syncFolder, writeDurably } from '@nongtin/service';
import type { JsonRpc } from './json-rpc.ts';

/**
 * The chain's state on disk. Anvil could write it by itself, but writes over the old file: a kill at that moment
 * leaves half a file and no chain. So we ask anvil for its state and put it into place whole, the one before it kept
 * beside it.
 */
interface StateFiles {
  readonly current: string;
  readonly previous: string;
}

function stateFiles(folder: string): StateFiles {
  return { current: join(folder, 'state.json'), previous: join(folder, 'state.previous.json') };
}

/** What anvil holds now, in place when this resolves. */
export async function saveState(rpc: JsonRpc, folder: string): Promise<void> {
  const dump = await rpc('anvil_dumpState');
  if (typeof dump !== 'string') throw new TypeError('anvil gave no state');
  // Hex of gzip of the JSON that --load-state reads.
  const json = gunzipSync(Buffer.from(dump.slice(2), 'hex'));
  const { current, previous } = stateFiles(folder);
  try {
    mkdirSync(folder, { recursive: true });
    writeDurably(`${current}.new`, json);
    if (existsSync(current)) renameSync(current, previous);
    renameSync(`${current}.new`, current);
    syncFolder(folder);
  } catch (error) {
    throw explainProblem(error, { path: current });
  }
}

/** Files to go on from, best first. One that is not a whole state is moved aside, and told. */
export function savedStates(folder: string, tell: (sentence: string) => void): string[] {
  const { current, previous } = stateFiles(folder);
  const whole: string[] = [];
  for (const path of [current, previous]) {
    if (!existsSync(path)) continue;
    if (isWhole(path)) whole.push(path);
    else setAside(path, tell);
  }
  return whole;
}

export function setAside(path: string, tell: (sentence: string) => void): void {
  const aside = unusedName(path);
  renameSync(path, aside);
  tell(`${path} is damaged: it was moved to ${aside}, and the state before it is used, if there is one.`);
}

/** What was moved aside earlier may be wanted again: nothing is overwritten. */
function unusedName(path: string): string {
  for (let count = 1; ; count += 1) {
    const name = path.replace(/\.json$/, count === 1 ? '.damaged.json' : `.damaged-${count}.json`);
    if (!existsSync(name)) return name;
  }
}

function isWhole(path: string): boolean {
  try {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof state === 'object' && state !== null && 'block' in state && 'accounts' in state;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw explainProblem(error, { path });
  }
}
