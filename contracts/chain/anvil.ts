import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StartProblem } from '@nongtin/service';
import { type JsonRpc, jsonRpc } from './json-rpc.ts';

export interface AnvilOptions {
  readonly port: number;
  readonly chainId: number;
  /** The one site whose pages may call anvil from a browser: it lets whoever calls it change balances and blocks. */
  readonly allowOrigin: string;
  /** For what anvil puts aside by itself. */
  readonly folder: string;
  /** A state file (chain-state.ts) to go on from. */
  readonly statePath?: string;
  /** How long it may take until it answers. */
  readonly readyWithinMs?: number;
  /** Called at once, long before anvil answers. */
  readonly spawned?: (pid: number) => void;
}

/** A running anvil. It mines when a transaction arrives, and only then. */
export interface Anvil {
  readonly rpcUrl: string;
  readonly rpc: JsonRpc;
  /** Settles when the process is gone, whoever ended it. */
  readonly exited: Promise<void>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Anvil ended by itself, so what it was given does not suit it; its own words. */
export class AnvilRefused extends Error {
  override readonly name = 'AnvilRefused';
}

/** Long, because a busy machine takes its time over a large state. */
const READY_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 15;

/**
 * Resolves when anvil answers; rejects with AnvilRefused when it ends by itself first, and with a StartProblem when it is
 * silent, killed or cannot be run at all: that says nothing about its state.
 */
export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  // A process group of its own: Ctrl-C in a terminal must reach us first, so that the last blocks are saved.
  const child = spawn(anvilPath(), argumentsFor(options), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const complaint = collect(child);
  if (child.pid !== undefined) options.spawned?.(child.pid);
  const ended = new Promise<Error>((resolve) => {
    child.once('exit', (code, signal) => resolve(reasonOf(code, signal, complaint.text)));
    child.once('error', (error) => resolve(new StartProblem(`anvil cannot be run: ${error.message}.`)));
  });
  const exited = ended.then(() => {});
  const rpcUrl = `http://127.0.0.1:${options.port}`;
  const rpc = jsonRpc(rpcUrl);
  const anvil: Anvil = {
    rpcUrl,
    rpc,
    exited,
    end: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
  const refused = ended.then((reason) => Promise.reject(reason));
  refused.catch(() => {});
  try {
    await Promise.race([answering(rpc, options.readyWithinMs ?? READY_WITHIN_MS), refused]);
  } catch (error) {
    await anvil.end('SIGKILL');
    throw error;
  }
  return anvil;
}

function argumentsFor({ port, chainId, allowOrigin, folder, statePath }: AnvilOptions): string[] {
  return [
    ['--host', '127.0.0.1', '--port', `${port}`, '--chain-id', `${chainId}`, '--silent'],
    // Anvil's own default is any site that somebody on this machine looks at.
    ['--allow-origin', allowOrigin],
    // `finalized` is two blocks behind, so that final can be seen without waiting for a day of blocks.
    ['--slots-in-an-epoch', '1'],
    // No accounts with keys that everyone knows.
    ['--accounts', '0'],
    // Old states stay in memory only, and few: nobody asks for them, and anvil would fill the home folder with them.
    ['--prune-history', '64', '--cache-path', join(folder, 'anvil-cache')],
    statePath === undefined ? [] : ['--load-state', statePath],
  ].flat();
}

/** The binary itself, not npm's wrapper: a wrapper that is killed leaves its child behind. */
function anvilPath(): string {
  const packages = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'));
  const name = `@foundry-rs/anvil-${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
  try {
    const path = join(dirname(packages.resolve(`${name}/package.json`)), 'bin', exe('anvil'));
    if (existsSync(path)) return path;
  } catch {
    // Told below.
  }
  throw new StartProblem(`${name} is not installed: run npm install (without --omit=optional).`);
}

function exe(name: string): string {
  return platform() === 'win32' ? `${name}.exe` : name;
}

function reasonOf(code: number | null, signal: string | null, complaint: string): Error {
  if (code !== null) return new AnvilRefused(firstLine(complaint));
  return new StartProblem(`anvil was ended by ${signal} before it answered: start again.`);
}

async function answering(rpc: JsonRpc, withinMs: number): Promise<void> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; ) {
    try {
      await rpc('eth_chainId');
      return;
    } catch {
      await delay(ASK_EVERY_MS);
    }
  }
  throw new StartProblem(
    `anvil gave no answer within ${withinMs / 1000} s. Its states were left as they are: start again when the machine is less busy.`,
  );
}

function collect(child: ChildProcess): { text: string } {
  const collected = { text: '' };
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    collected.text = `${collected.text}${part}`.slice(0, 2_000);
  });
  return collected;
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] || 'it ended without a word';
}
