import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface InfluxdOptions {
  /** Where its data and its configuration live; created when missing. */
  readonly dir: string;
  readonly httpPort: number;
  readonly rpcPort: number;
}

/**
 * Configuration of an InfluxDB 1.x of our own, as TOML: reachable from this machine only, silent, and without the
 * statistics about itself that would wear out an SD card. A write is on the disk when it is answered
 * (wal-fsync-delay 0), as the journal's cursor expects.
 */
export function influxdConfig({ dir, httpPort, rpcPort }: InfluxdOptions): string {
  const path = (name: string) => JSON.stringify(join(dir, name));
  return `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"

[meta]
  dir = ${path('meta')}
  logging-enabled = false

[data]
  dir = ${path('data')}
  wal-dir = ${path('wal')}
  index-version = "inmem"
  wal-fsync-delay = "0s"
  query-log-enabled = false
  max-concurrent-compactions = 1

[coordinator]
  query-timeout = "30s"

[monitor]
  store-enabled = false

[subscriber]
  enabled = false

[continuous_queries]
  log-enabled = false

[http]
  bind-address = "127.0.0.1:${httpPort}"
  log-enabled = false
  suppress-write-log = true

[logging]
  level = "error"
  suppress-logo = true
`;
}

export interface RunningInfluxd {
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends it (SIGTERM unless told otherwise) and resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const READY_WITHIN_MS = 20_000;

/** Starts the `influxd` on the PATH and resolves when it answers. Throws when it ends or stays silent. */
export async function startInfluxd(options: InfluxdOptions): Promise<RunningInfluxd> {
  mkdirSync(options.dir, { recursive: true });
  const configPath = join(options.dir, 'influxdb.conf');
  writeFileSync(configPath, influxdConfig(options));
  const child = spawn('influxd', ['-config', configPath], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-2_000);
  });
  const spawned = await Promise.race([once(child, 'spawn'), once(child, 'error')]);
  if (spawned[0] instanceof Error) throw spawned[0];
  const gone = once(child, 'exit');
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  const url = `http://127.0.0.1:${options.httpPort}`;
  if (!(await answers(url, child))) {
    await stop('SIGKILL');
    throw new Error(`influxd did not become ready: ${words.trim() || 'it said nothing'}`);
  }
  return { url, process: child, stop };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    try {
      const response = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(1_000) });
      if (response.status === 204) return true;
    } catch {
      // Not listening yet.
    }
    await delay(25);
  }
  return false;
}
