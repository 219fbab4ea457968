import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readDeployment } from '@nongtin/contracts/chain';
import { StartProblem } from '@nongtin/service';
import { Child } from './child.ts';
import type { Environment, StartConfig } from './config.ts';
import { serviceFlags } from './flags.mjs';
import { influxAnswers, planInflux } from './influx.ts';
import { pause } from './processes.ts';
import type { RunFile } from './run-file.ts';
import { waitFor } from './wait.ts';

interface SupervisorOptions {
  readonly config: StartConfig;
  readonly env: Environment;
  /** The Node that runs our services. */
  readonly node: string;
  readonly runFile: RunFile;
  say(text: string): void;
}

/** A process of ours and how to learn that it serves. */
interface Program {
  readonly name: string;
  /** What Node is told. */
  readonly run: readonly string[];
  /** True once it serves; undefined: not yet; a text: not yet, and what for. */
  answers(): Promise<true | string | undefined>;
}

const READY_WITHIN_MS = 90_000;
const PATIENCE_MS = 8_000;
/** How long one process may take to stop before the next one is told to. */
const HEAD_START_MS = 700;

/**
 * Runs chain, cloud, gateway, simulated farm and InfluxDB as separate processes.
 *
 *   sim ─► gateway ─► cloud ─► chain
 *             └─► influxd
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children: Child[] = [];
  readonly #problem = Promise.withResolvers<never>();
  #stopping = false;
  #env: Environment;
  #influxUrl: string | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#env = options.env;
    // Nobody may be waiting at the moment a child fails.
    this.#problem.promise.catch(() => {});
  }

  /** Where readings are written; undefined: SQLite. */
  get influxUrl(): string | undefined {
    return this.#influxUrl;
  }

  /** Rejects with a StartProblem when a process cannot start at all. */
  get failed(): Promise<never> {
    return this.#problem.promise;
  }

  /** Resolves when every process answers. `build` makes the pages, and tells how Node runs the gateway. */
  async start(build: () => Promise<readonly string[]>): Promise<void> {
    const { config } = this.#options;
    mkdirSync(join(config.dataDir, 'logs'), { recursive: true });
    this.#env = environmentOf(this.#options);
    const chain = config.externalRpcUrl === undefined ? this.#run(chainProgram(config)) : undefined;
    // It may fail before anybody waits for it; that is told by `failed`, and by the wait below.
    chain?.catch(() => {});
    await Promise.race([this.#startInflux(), this.failed]);
    // The pages are built while the chain starts, and before anybody serves them.
    const gatewayRun = await Promise.race([build(), this.failed]);
    // All at once: each of them waits for the others by itself.
    const cloud = this.#run(webProgram('cloud', sources(config, 'cloud/main.ts'), config.doors.cloud.port));
    const gateway = this.#run(webProgram('gateway', gatewayRun, config.doors.gateway.port));
    const sim = config.simulate ? gateway.then(() => this.#run(simProgram(config))) : undefined;
    await Promise.all([chain, cloud, gateway, sim]);
  }

  /** Stops what was started last first, so that nobody loses whom it talks to. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const stops: Promise<void>[] = [];
    for (const child of this.#children.toReversed()) {
      const stop = child.stop();
      stops.push(stop);
      await Promise.race([stop, pause(HEAD_START_MS)]);
    }
    await Promise.all(stops);
  }

  async #run(program: Program): Promise<void> {
    const child = this.#launch(program.name, this.#options.node, program.run);
    await this.#waitFor(program);
    child.ready();
  }

  async #startInflux(): Promise<void> {
    const { config, env, say } = this.#options;
    this.#influxUrl = config.externalInfluxUrl;
    if (this.#influxUrl !== undefined) return;
    const plan = await planInflux(env, config.dataDir, config.influxPort);
    if (plan === undefined) return;
    if (plan.notice !== undefined) say(plan.notice);
    this.#influxUrl = plan.url;
    // The farm's database and the cooperative's stand side by side in it.
    this.#env = { NONGTIN_CLOUD_INFLUX_URL: plan.url, ...this.#env, NONGTIN_INFLUX_URL: plan.url };
    const child = this.#launch('influxd', plan.command, plan.args);
    // Nothing waits for it but the readings, which the journal keeps meanwhile.
    waitFor(() => influxAnswers(plan.url), { deadlineMs: READY_WITHIN_MS, what: 'influxd' }).then(
      () => child.ready(),
      () => {},
    );
  }

  #launch(name: string, command: string, args: readonly string[]): Child {
    const { config, runFile, say } = this.#options;
    if (this.#stopping) throw new Error('stopping');
    const logPath = join(config.dataDir, 'logs', `${name}.log`);
    const child = new Child(
      { name, command, args, cwd: config.root, env: this.#env, logPath },
      {
        say,
        started: (who, identity) => runFile.note(who, identity),
        failed: (sentence) => this.#problem.reject(new StartProblem(sentence)),
      },
    );
    this.#children.push(child);
    child.start();
    return child;
  }

  async #waitFor({ name, answers }: Program): Promise<void> {
    let missing = '';
    const told = setTimeout(() => {
      this.#options.say(`Waiting for ${name}${missing === '' ? '' : `: ${missing}`} …`);
    }, PATIENCE_MS);
    const attempt = async () => {
      const answer = await answers();
      if (typeof answer === 'string') missing = answer;
      return answer === true ? true : undefined;
    };
    const logPath = join(this.#options.config.dataDir, 'logs', `${name}.log`);
    try {
      const ready = waitFor(attempt, { deadlineMs: READY_WITHIN_MS, what: name });
      await Promise.race([ready, this.failed]);
    } catch (error) {
      if (error instanceof StartProblem) throw error;
      const why = missing === '' ? '' : ` (${missing})`;
      throw new StartProblem(
        `${name} was not ready after ${READY_WITHIN_MS / 1000} s${why}: see ${logPath}, then start again.`,
        { cause: error },
      );
    } finally {
      clearTimeout(told);
    }
  }
}

/** What each process is told, so that changing one port is enough. The caller's own variables win. */
function environmentOf({ config, env }: SupervisorOptions): Environment {
  const { mqtt, uplink, gateway, cloud, rpc } = config.doors;
  const { mqttTls, mqttWebSocket, gatewayTls, cloudTls, uplinkTls } = config.further;
  return {
    NONGTIN_UPLINK_URL: `mqtt://127.0.0.1:${uplink.port}`,
    NONGTIN_BROKER_URL: config.externalMqttUrl ?? `mqtt://127.0.0.1:${mqtt.port}`,
    NONGTIN_RPC_URL: `http://127.0.0.1:${rpc.port}`,
    ...(config.demo ? { NONGTIN_SPEED: '60' } : {}),
    ...env,
    NONGTIN_DATA_DIR: config.dataDir,
    NONGTIN_HOST: config.host,
    NONGTIN_MQTT_PORT: String(mqtt.port),
    NONGTIN_MQTT_TLS_PORT: String(mqttTls?.port ?? 'off'),
    NONGTIN_MQTT_WS_PORT: String(mqttWebSocket?.port ?? 'off'),
    NONGTIN_GATEWAY_TLS_PORT: String(gatewayTls?.port ?? 'off'),
    NONGTIN_UPLINK_PORT: String(uplink.port),
    NONGTIN_UPLINK_TLS_PORT: String(uplinkTls?.port ?? 'off'),
    NONGTIN_CLOUD_TLS_PORT: String(cloudTls?.port ?? 'off'),
    NONGTIN_GATEWAY_PORT: String(gateway.port),
    NONGTIN_CLOUD_PORT: String(cloud.port),
    NONGTIN_RPC_PORT: String(rpc.port),
    NONGTIN_LOG: 'json',
  };
}

function chainProgram(config: StartConfig): Program {
  const url = `http://127.0.0.1:${config.doors.rpc.port}`;
  const answers = () => contractsStand(url, config.dataDir);
  return { name: 'chain', run: sources(config, 'contracts/chain/main.ts'), answers };
}

/** The chain is of use once the contracts stand on it where the deployment says. */
async function contractsStand(url: string, dataDir: string): Promise<true | undefined> {
  const deployment = readDeployment(dataDir);
  if (deployment === undefined) return undefined;
  const params = [deployment.anchorRegistry, 'latest'];
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getCode', params }),
    signal: AbortSignal.timeout(1_000),
  });
  const { result = '0x' } = (await response.json()) as { result?: string };
  return result.length > 2 ? true : undefined;
}

function simProgram(config: StartConfig): Program {
  // It has no door: it speaks to the broker. Running is all there is to see.
  const answers = async () => true as const;
  return { name: 'sim', run: sources(config, 'firmware-sim/main.ts'), answers };
}

function sources({ root }: StartConfig, main: string): readonly string[] {
  return [...serviceFlags, join(root, main)];
}

function webProgram(name: string, run: readonly string[], port: number): Program {
  return { name, run, answers: () => serviceAnswers(`http://127.0.0.1:${port}/readyz`) };
}

async function serviceAnswers(url: string): Promise<true | string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  if (response.ok) return true;
  return (await response.text()).slice(0, 300);
}
