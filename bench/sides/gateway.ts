import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCredentials } from '@nongtin/broker';
import { freePorts } from '@nongtin/service';
import { serviceEnvironment } from '../../start/flags.mjs';
import { gatewayArguments } from '../../start/gateway-program.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

import type { Farm } from '../../edge/farm/layout.ts';
import { adopt, remove, temporaryFolder } from './leftovers.ts';
import { recordPassedTests } from './tested-valves.ts';

export interface GatewayOptions {
  /** Undefined: readings go to SQLite. */
  readonly influxUrl: string | undefined;
  readonly devices: readonly string[];
  /** More zones than the one of VALVE and PROBE; each name is a device that is its zone's valve and probe. */
  readonly zones?: readonly string[];
  /** Technicians' tools, which hear everything. */
  readonly listeners?: readonly string[];
  /** Flags for Node, such as --cpu-prof. */
  readonly nodeFlags?: readonly string[];
}

/** The valve of the zone that every farm here has. */
export const VALVE = 'bench-valve';
const PROBE = 'bench-probe';

/**
 * The real gateway, as `npm run gateway` starts it, in a process and a folder of its own: farm, credentials, journal,
 * everything on. Not the demo: its farm has one zone, its devices the credentials they are given here.
 */
export class GatewaySide {
  readonly #options: GatewayOptions;
  readonly #folder: string;
  readonly #mqttPort: number;
  readonly #httpPort: number;
  readonly passwords: ReadonlyMap<string, string>;
  #child: ChildProcess | undefined;
  #said = '';

  private constructor(options: GatewayOptions, mqttPort: number, httpPort: number) {
    this.#options = options;
    this.#mqttPort = mqttPort;
    this.#httpPort = httpPort;
    this.#folder = temporaryFolder('gateway');
    mkdirSync(join(this.#folder, 'gateway'));
    writeFileSync(join(this.#folder, 'gateway', 'farm.json'), JSON.stringify(farm(options.zones ?? [])));
    this.passwords = this.#issuePasswords();
  }

  static async start(options: GatewayOptions): Promise<GatewaySide> {
    const [mqttPort = 0, httpPort = 0] = await freePorts(2);
    const side = new GatewaySide(options, mqttPort, httpPort);
    await recordPassedTests(join(side.#folder, 'gateway'), farm(options.zones ?? []));
    await side.again();
    return side;
  }

  /** Starts it, as the first time or after `kill`; resolves when it listens. */
  async again(): Promise<void> {
    const say = (text: string) => process.stderr.write(`${text}\n`);
    const run = await gatewayArguments({ root: ROOT, node: process.execPath, say });
    const child = spawn(process.execPath, [...(this.#options.nodeFlags ?? []), ...run], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        ...serviceEnvironment(ROOT),
        NONGTIN_LOG: 'json',
        NONGTIN_DEMO: 'off',
        NONGTIN_DATA_DIR: this.#folder,
        NONGTIN_HOST: '127.0.0.1',
        NONGTIN_MQTT_PORT: String(this.#mqttPort),
        NONGTIN_GATEWAY_PORT: String(this.#httpPort),
        NONGTIN_MQTT_TLS_PORT: '0',
        NONGTIN_MQTT_WS_PORT: '0',
        NONGTIN_GATEWAY_TLS_PORT: 'off',
        ...(this.#options.influxUrl === undefined ? {} : { NONGTIN_INFLUX_URL: this.#options.influxUrl }),
      },
    });
    adopt(child);
    this.#child = child;
    await this.#ready(child);
  }

  async #ready(child: ChildProcess): Promise<void> {
    this.#said = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (part: Buffer) => {
        this.#said = `${this.#said}${part}`.slice(-4_000);
        if (this.#said.includes('"msg":"ready"')) resolve();
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${this.#said}`)));
    });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as Ctrl-C does, so that profiles are written; and removes what it has stored. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    remove(this.#folder);
  }

  get mqttPort(): number {
    return this.#mqttPort;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Readings it has taken since it started, by its own count. */
  async readings(): Promise<number> {
    const metrics = await this.#ask('/metrics');
    return Number(/^nongtin_ingest_total\{counter="readings"\} (\d+)$/m.exec(metrics)?.[1] ?? Number.NaN);
  }

  /** Entries of the journal that the series store lacks. */
  async behindEntries(): Promise<number> {
    const { series } = JSON.parse(await this.#ask('/readyz')) as { series: { behindEntries: number } };
    return series.behindEntries;
  }

  async #ask(path: string): Promise<string> {
    try {
      return await (await fetch(`http://127.0.0.1:${this.#httpPort}${path}`)).text();
    } catch (error) {
      throw new Error(`the gateway does not answer; it said last: ${this.#said}`, { cause: error });
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  #issuePasswords(): Map<string, string> {
    const store = openCredentials({ path: join(this.#folder, 'gateway', 'credentials.json') });
    const ids = [VALVE, PROBE, ...this.#options.devices, ...(this.#options.zones ?? [])];
    const listeners = (this.#options.listeners ?? []).map((id) => [id, 'technician'] as const);
    const everybody = [...ids.map((id) => [id, 'device'] as const), ...listeners];
    return new Map(everybody.map(([id, role]) => [id, store.issue(id, role)]));
  }
}

function farm(zones: readonly string[]): Farm {
  const plot = {
    ...{ id: 'plot', name: 'Plot', crop: 'dragon fruit', areaHectares: 1 },
    zones: [zone('zone', VALVE, PROBE), ...zones.map((id) => zone(id, id, id))],
  };
  return { format: 'nongtin-farm-1', site: 'Bench', plots: [plot], farmDevices: [] };
}

function zone(id: string, valve: string, soilProbe: string) {
  return {
    ...{ id, name: id, valve, soilProbe, openBelowFraction: 0.2, targetFraction: 0.25 },
    ...{ runSeconds: 600, maxRunSeconds: 1_800, nominalFlowLitresPerMinute: 38 },
  };
}
