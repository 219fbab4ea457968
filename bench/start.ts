import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePorts } from '@nongtin/service';
import { type Benchmark, figureOf, type Measurement } from './result.ts';

const repository = dirname(import.meta.dirname);
const DOORS = /is running/;
const GIVE_UP_MS = 600_000;

/**
 * How long `npm start` takes until it prints the doors: from a clean clone with an empty HOME and npm cache (cold), and
 * the next time on the same folder (warm). A quick run leaves the cold start out, and runs on this checkout as it is.
 */
export const start: Benchmark = {
  name: 'start',
  run: ({ quick, say }) => (quick ? quickly(say) : fully(say)),
};

const coldTarget = { figure: 'coldStartSeconds', comparator: '<', target: 240 } as const;
const warmTarget = { figure: 'warmStartSeconds', comparator: '<', target: 15 } as const;

async function fully(say: (text: string) => void): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-bench-'));
  try {
    say('cloning …');
    const clone = join(folder, 'nongtin');
    execFileSync('git', ['clone', '--quiet', repository, clone]);
    const home = join(folder, 'home');
    mkdirSync(home);
    const env = { ...bareEnvironment(), HOME: home, ...(await otherPorts()) };
    const launch = () => timeToDoors('npm', ['start'], clone, env);
    const cold = [await told('cold start', launch, say)];
    const warm: number[] = [];
    for (let run = 0; run < 3; run++) warm.push(await told('warm start', launch, say));
    const figures = { coldStartSeconds: figureOf(cold, 's'), warmStartSeconds: figureOf(warm, 's') };
    return { runs: warm.length, figures, targets: [coldTarget, warmTarget] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function quickly(say: (text: string) => void): Promise<Measurement> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-bench-'));
  try {
    const env = { ...process.env, NONGTIN_DATA_DIR: dataDir, ...(await otherPorts()) };
    const launch = () => timeToDoors('node', ['start/start.mjs'], repository, env);
    await told('first start', launch, say);
    const warm = [await told('warm start', launch, say)];
    const figures = { warmStartSeconds: figureOf(warm, 's') };
    return { runs: 1, figures, targets: [warmTarget] };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function told(what: string, measure: () => Promise<number>, say: (text: string) => void) {
  const seconds = await measure();
  say(`${what}: ${seconds.toFixed(1)} s`);
  return seconds;
}

/** Starts, waits for the doors, stops again. Seconds until the doors. */
async function timeToDoors(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv) {
  const began = performance.now();
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    await printed(child, DOORS);
    return (performance.now() - began) / 1000;
  } finally {
    // The whole group, as a terminal does with Ctrl-C: npm by itself passes no SIGINT on.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
    await gone;
  }
}

function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string) => reject(new Error(`npm start ${why}:\n${output}`));
    const deadline = setTimeout(() => fail('took too long'), GIVE_UP_MS);
    const collect = (chunk: Buffer) => {
      output += chunk;
      if (pattern.test(output)) resolve();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.once('close', () => {
      clearTimeout(deadline);
      fail('ended');
    });
    child.once('error', (error) => fail(error.message));
  });
}

/** As in a newcomer's shell: none of what npm, or this benchmark's own start, has put into ours. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|NONGTIN_|INIT_CWD|NODE$)/i.test(name));
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: path.join(':') };
}

/** Not the default ports: a system that runs on this machine shall go on running. */
async function otherPorts(): Promise<NodeJS.ProcessEnv> {
  const variables = ['MQTT', 'UPLINK', 'GATEWAY', 'CLOUD', 'RPC', 'INFLUX'].map(
    (name) => `NONGTIN_${name}_PORT`,
  );
  const ports = await freePorts(variables.length);
  return Object.fromEntries(variables.map((variable, index) => [variable, String(ports[index])]));
}
