import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@nongtin/service';
import { type FlowOptions, flows, type Wiring } from './flows.ts';
import { InfluxServer } from './influx.ts';
import { adopt, remove, temporaryFolder } from './leftovers.ts';
import { startMosquitto } from './mosquitto.ts';
import type { Side } from './side.ts';

const DATABASE = 'peer';
const READY_WITHIN_MS = 30_000;

/** Mosquitto, Node-RED with node-red-contrib-influxdb, and an InfluxDB of its own. */
export async function startNodeRed(wiring: Wiring): Promise<Side> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const mosquitto = await startMosquitto();
    stops.push(() => mosquitto.stop());
    const influx = await InfluxServer.start();
    stops.push(() => influx.stop());
    await influx.query('', `CREATE DATABASE "${DATABASE}"`);
    const options = { wiring, mqttPort: mosquitto.port, influxPort: influx.httpPort, database: DATABASE };
    const nodeRed = new NodeRed(options);
    stops.push(() => nodeRed.stop());
    await nodeRed.start();
    return {
      name: wiring === 'single' ? 'nodeRedSingle' : 'nodeRedBatched',
      mqttPort: mosquitto.port,
      influx,
      password: () => undefined,
      pids: () => [mosquitto.pid, nodeRed.pid, influx.pid],
      pipelinePid: () => nodeRed.pid,
      stored: ({ wallMs }) => influx.count(DATABASE, 'readings', 'volume', wallMs),
      storedNumbers: () => influx.numbers(DATABASE, 'SELECT "volume" FROM "readings" GROUP BY "device"'),
      async newestNumber(device) {
        const query = `SELECT "volume" FROM "readings" WHERE "device" = '${device}' ORDER BY time DESC LIMIT 1`;
        return Number((await influx.query(DATABASE, query))[0]?.[1] ?? 0);
      },
      async killAndRestart() {
        await nodeRed.kill();
        await nodeRed.start();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

class NodeRed {
  readonly #dir = temporaryFolder('node-red');
  readonly #options: FlowOptions;
  #child: ChildProcess | undefined;

  constructor(options: FlowOptions) {
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when its flows run and its broker has it. */
  async start(): Promise<void> {
    writeFileSync(join(this.#dir, 'flows.json'), JSON.stringify(flows(this.#options)));
    const settings = join(this.#dir, 'settings.js');
    writeFileSync(settings, `module.exports = ${JSON.stringify(settingsOf(await freePort()))};`);
    const red = fileURLToPath(import.meta.resolve('node-red/red.js'));
    const args = [red, '--settings', settings, '--userDir', this.#dir];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: this.#dir },
    });
    adopt(child);
    this.#child = child;
    await connected(child);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    remove(this.#dir);
  }
}

/** No editor and no diagnostics, which would only cost it. */
function settingsOf(uiPort: number) {
  return {
    ...{ uiHost: '127.0.0.1', uiPort, flowFile: 'flows.json', credentialSecret: false },
    ...{ httpAdminRoot: false, httpNodeRoot: false, diagnostics: { enabled: false } },
    nodesDir: [dirname(fileURLToPath(import.meta.resolve('node-red-contrib-influxdb/package.json')))],
    logging: { console: { level: 'info', metrics: false, audit: false } },
    telemetry: { enabled: false, updateNotification: false },
  };
}

/** Both its subscriptions go out with the connection; the line is printed after CONNACK. */
async function connected(child: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolved, reject) => {
    const fail = (why: string) => reject(new Error(`Node-RED ${why}: ${said}`));
    const deadline = setTimeout(() => fail('did not connect'), READY_WITHIN_MS);
    const hear = (part: Buffer) => {
      said = `${said}${part}`.slice(-4_000);
      if (!said.includes('Connected to broker')) return;
      clearTimeout(deadline);
      resolved();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => {
      clearTimeout(deadline);
      fail('ended');
    });
  });
}
