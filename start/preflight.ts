import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainProblem, listen } from '@nongtin/service';
import type { Door, StartConfig } from './config.ts';

const NEEDED_BYTES = 200 * 1024 * 1024;

interface DiskSpace {
  /** Blocks that this user may still fill. */
  readonly bavail: number;
  readonly bsize: number;
}

/** What keeps us from starting, one sentence each; an empty list: all is well. Nothing has been started yet. */
export async function findProblems(
  dataDir: string,
  host: string,
  doors: readonly Door[],
  diskSpaceOf: (path: string) => DiskSpace = statfsSync,
): Promise<string[]> {
  const folder = folderProblem(dataDir);
  const problems = folder === undefined ? [diskProblem(dataDir, diskSpaceOf(dataDir))] : [folder];
  problems.push(...twice(doors));
  for (const door of doors) problems.push(await portProblem(door, host));
  return problems.filter((problem) => problem !== undefined);
}

/** Those further doors that can be opened; what keeps one closed keeps nothing else, and is told. */
export async function openable(
  { host, further }: Pick<StartConfig, 'host' | 'further'>,
  say: (text: string) => void,
): Promise<StartConfig['further']> {
  const isOpenable = async (door: Door | undefined) => {
    const problem = door && (await portProblem(door, host));
    if (problem !== undefined) say(`Without ${door?.name}: ${problem}`);
    return problem === undefined ? door : undefined;
  };
  return {
    mqttTls: await isOpenable(further.mqttTls),
    mqttWebSocket: await isOpenable(further.mqttWebSocket),
    gatewayTls: await isOpenable(further.gatewayTls),
    cloudTls: await isOpenable(further.cloudTls),
    uplinkTls: await isOpenable(further.uplinkTls),
  };
}

/** Tries a real write: access rights alone do not show a read-only or full disk. */
function folderProblem(dataDir: string): string | undefined {
  // Node's recursive mkdir never returns below these, and nothing can be kept there anyway.
  if (/^\/(proc|sys)(\/|$)/.test(dataDir))
    return `${dataDir} cannot hold files: choose another folder with NONGTIN_DATA_DIR=….`;
  const trial = join(dataDir, '.write-test');
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(trial, 'x'.repeat(4096));
    rmSync(trial);
    return undefined;
  } catch (error) {
    return sentenceOf(explainProblem(error, { path: dataDir }));
  }
}

function diskProblem(dataDir: string, { bavail, bsize }: DiskSpace): string | undefined {
  const free = bavail * bsize;
  if (free > NEEDED_BYTES) return undefined;
  const megabytes = Math.floor(free / 1024 / 1024);
  return `The disk that holds ${dataDir} has only ${megabytes} MB free, 200 MB are needed: free some space, or choose another folder with NONGTIN_DATA_DIR=….`;
}

function twice(doors: readonly Door[]): string[] {
  return doors.flatMap((door, index) => {
    const earlier = doors.slice(0, index).find(({ port }) => port === door.port && port !== 0);
    if (earlier === undefined) return [];
    return [`${earlier.variable} and ${door.variable} both say ${door.port}: give each its own port.`];
  });
}

async function portProblem({ port, variable }: Door, host: string): Promise<string | undefined> {
  try {
    const server = await listen(port, host);
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      return `${host} is no address of this machine: correct NONGTIN_HOST.`;
    return sentenceOf(explainProblem(error, { port, portVariable: variable }));
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
