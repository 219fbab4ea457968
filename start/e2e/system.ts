import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DemoSecrets } from '@nongtin/accounts';
import { freePorts } from '@nongtin/service';

/** Generous: continuous integration may run on a slow and busy machine. */
const PRINT_DEADLINE_MS = 120_000;

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The whole system as a user starts it, on free ports and a folder of its own. */
export interface System {
  readonly dataDir: string;
  readonly ports: Readonly<Record<PortName, number>>;
  /** Everything printed so far. */
  output(): string;
  /** Resolves with the match once the output has one; rejects, quoting the output, when it ends or waits too long. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  secrets(): DemoSecrets;
  /** As Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Starts again on the same folder and ports. */
  restart(): void;
  /** Stops and deletes the folder. */
  remove(): Promise<void>;
}

const portVariables = {
  mqtt: 'NONGTIN_MQTT_PORT',
  mqttTls: 'NONGTIN_MQTT_TLS_PORT',
  mqttWebSocket: 'NONGTIN_MQTT_WS_PORT',
  uplink: 'NONGTIN_UPLINK_PORT',
  gateway: 'NONGTIN_GATEWAY_PORT',
  uplinkTls: 'NONGTIN_UPLINK_TLS_PORT',
  cloud: 'NONGTIN_CLOUD_PORT',
  cloudTls: 'NONGTIN_CLOUD_TLS_PORT',
  rpc: 'NONGTIN_RPC_PORT',
  influx: 'NONGTIN_INFLUX_PORT',
} as const;
type PortName = keyof typeof portVariables;

export async function startSystem(args: readonly string[] = []): Promise<System> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-e2e-'));
  const ports = await choosePorts();
  const env = {
    ...process.env,
    NONGTIN_DATA_DIR: dataDir,
    NONGTIN_HOST: '127.0.0.1',
    NONGTIN_GATEWAY_TLS_PORT: 'off',
    ...Object.fromEntries(
      Object.entries(portVariables).map(([name, variable]) => [variable, String(ports[name as PortName])]),
    ),
  };
  let output = '';
  let child: ChildProcess;
  const watchers = new Set<() => void>();
  const launch = () => {
    output = '';
    child = spawn(process.execPath, [join(repository, 'start/main.ts'), ...args], {
      cwd: repository,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      for (const watch of watchers) watch();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.once('exit', () => {
      for (const watch of watchers) watch();
    });
  };
  launch();

  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    return exited;
  };
  return {
    dataDir,
    ports,
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const give = (reason: string) => {
          watchers.delete(watch);
          reject(new Error(`${reason} ${pattern}:\n${output}`));
        };
        const deadline = setTimeout(() => give('too long without'), PRINT_DEADLINE_MS);
        const watch = () => {
          const match = pattern.exec(output);
          const ended = child.exitCode !== null || child.signalCode !== null;
          if (!match && !ended) return;
          clearTimeout(deadline);
          if (!match) return give('the system ended before it printed');
          watchers.delete(watch);
          resolve(match);
        };
        watchers.add(watch);
        watch();
      }),
    secrets: () => JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as DemoSecrets,
    stop,
    restart: launch,
    remove: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function choosePorts(): Promise<Record<PortName, number>> {
  const names = Object.keys(portVariables) as PortName[];
  const ports = await freePorts(names.length);
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<PortName, number>;
}
