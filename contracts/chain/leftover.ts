import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill, pid } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import { saveState } from './chain-state.ts';
import { jsonRpc } from './json-rpc.ts';
import { isFree } from './ports.ts';

/**
 * When our own process is killed, its anvil lives on and holds port and chain. Who runs which anvil is written down,
 * so that the next start can tell an orphan, which it ends, from the anvil of a service that is alive.
 */
interface Running {
  readonly service: string;
  readonly anvil: string;
  readonly port: number;
}

/** Two seconds at the most: whoever holds the port then is somebody else, which the next check tells. */
const RELEASE_TRIES = 200;
const RELEASE_EVERY_MS = 10;

export function noteRunning(folder: string, anvilPid: number, port: number): void {
  const running: Running = { service: identity(pid) ?? '', anvil: identity(anvilPid) ?? '', port };
  writeStateFile(notePath(folder), running);
}

/** Throws a StartProblem when another chain service works in this folder; ends an anvil that nobody looks after. */
export async function endLeftover(folder: string, tell: (sentence: string) => void): Promise<void> {
  const running = readStateFile(notePath(folder), isRunning);
  if (running === undefined) return;
  const service = livingPid(running.service);
  if (service !== undefined && service !== pid) {
    throw new StartProblem(
      `Process ${service} is already running the chain in ${folder}: stop it first, or choose another folder with NONGTIN_DATA_DIR=….`,
    );
  }
  const anvil = livingPid(running.anvil);
  if (anvil === undefined) return;
  // Others may have anchored on it meanwhile; what it cannot tell any more, they will notice and anchor again.
  await saveState(jsonRpc(`http://127.0.0.1:${running.port}`), folder).catch(() => {});
  kill(anvil, 'SIGKILL');
  await untilReleased(running);
  tell(`Ended an anvil (process ${anvil}) that an earlier start had left behind.`);
}

/** A process may be gone by name while its threads still hold the port for a moment. */
async function untilReleased({ anvil, port }: Running): Promise<void> {
  for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
    if (livingPid(anvil) === undefined && (await isFree(port))) return;
    await delay(RELEASE_EVERY_MS);
  }
}

function notePath(folder: string): string {
  return join(folder, 'anvil.pid');
}

/** `<boot> <pid> <start time>`: a process id alone is given out again. undefined when it is gone, or without /proc. */
function identity(processId: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // Fields after the name, which is in parentheses and may hold anything: state is the first, start time the 20th.
    const fields = readFileSync(`/proc/${processId}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? undefined : `${boot} ${processId} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

function livingPid(noted: string): number | undefined {
  const processId = Number(noted.split(' ')[1]);
  return noted !== '' && identity(processId) === noted ? processId : undefined;
}

function isRunning(value: unknown): value is Running {
  const found = (value ?? {}) as Partial<Running>;
  return typeof found.service === 'string' && typeof found.anvil === 'string' && Number.isInteger(found.port);
}
