import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { demoSecrets } from '@nongtin/accounts';
import { sqliteSeries } from '@nongtin/series';
import { freePort, seededRandom } from '@nongtin/service';
import { connect, type MqttClient } from 'mqtt';

const DEVICE = 'probe9';
const MESSAGES_A_SECOND = 200;
const BURST_EVERY_MS = 50;

export interface KillStory {
  /** Sequence numbers that a PUBACK came for. */
  readonly acknowledged: ReadonlySet<number>;
  /** How often each sequence number stands in the series store. */
  readonly stored: ReadonlyMap<number, number>;
  readonly kills: number;
}

/**
 * Kills the gateway with SIGKILL at random moments while a device publishes at QoS 1, starts it again each time, and
 * tells in the end what was acknowledged and what is stored. The same seed kills after the same delays.
 */
export async function killStory(options: {
  kills: number;
  seed: number;
  /** No kill begins after this time; default: as long as it takes. */
  seconds?: number;
  /** The broker that the device speaks to, when it is not the gateway's; told the folder in which its files come to be. */
  elsewhere?: Elsewhere;
  /** Without a time of its own, what it sends again is known by packet id and DUP alone; default: with one. */
  timeless?: boolean;
}): Promise<KillStory> {
  const random = seededRandom(options.seed);
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-kill-'));
  const { elsewhere, timeless = false } = options;
  const mqtt = elsewhere?.port ?? (await freePort());
  const ports = {
    mqtt,
    http: await freePort(),
    uplink: await freePort(),
    isElsewhere: elsewhere !== undefined,
  };
  const startedAtMs = Date.now();
  let gateway = await startGateway(dataDir, ports);
  await elsewhere?.start(join(dataDir, 'gateway', 'mosquitto'));
  if (elsewhere) await reached(ports.http);
  const publisher = new Publisher(ports.mqtt, demoSecrets(dataDir).devices[DEVICE] ?? '', timeless);
  try {
    const untilMs = startedAtMs + (options.seconds ?? Number.POSITIVE_INFINITY) * 1000;
    let kills = 0;
    for (; kills < options.kills && Date.now() < untilMs; kills++) {
      await delay(300 + random() * 2_200);
      await end(gateway, 'SIGKILL');
      gateway = await startGateway(dataDir, ports);
    }
    await publisher.finish();
    // Acknowledged by the broker elsewhere; what it has kept for us is still to come.
    if (elsewhere) await quiet(ports.http);
    await delivered(ports.http);
    await end(gateway, 'SIGTERM');
    const stored = await storedNumbers(dataDir, startedAtMs - 60_000, Date.now() + 60_000);
    return { acknowledged: publisher.acknowledged, stored, kills };
  } finally {
    await publisher.close();
    await end(gateway, 'SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

interface Elsewhere {
  readonly port: number;
  start(folder: string): Promise<void>;
}

/** A device as they are: it numbers its messages, keeps what is not acknowledged, and sends it again after reconnecting. */
class Publisher {
  readonly acknowledged = new Set<number>();
  readonly #unanswered = new Set<number>();
  readonly #numberOf = new Map<number, number>();
  readonly #client: MqttClient;
  readonly #timer: NodeJS.Timeout;
  #published = 0;
  /** Published, and the client has not said yet what became of it. */
  #underWay = 0;
  readonly #timeless: boolean;

  constructor(port: number, password: string, timeless: boolean) {
    this.#timeless = timeless;
    this.#client = connect(`mqtt://127.0.0.1:${port}`, {
      clientId: 'kill-test',
      username: DEVICE,
      password,
      clean: false,
      reconnectPeriod: 100,
    });
    this.#client.on('error', () => {});
    // What goes over the wire is watched, not the client's callbacks: these fail when a connection breaks, while the
    // message stays in the client's store and goes out again.
    this.#client.on('packetsend', (packet) => {
      if (packet.cmd === 'publish') this.#sent(packet.messageId ?? 0, packet.payload.toString());
    });
    this.#client.on('packetreceive', (packet) => {
      if (packet.cmd === 'puback') this.#answered(packet.messageId ?? 0);
    });
    this.#timer = setInterval(() => {
      for (let i = 0; i < (MESSAGES_A_SECOND * BURST_EVERY_MS) / 1000; i++) this.#publish();
    }, BURST_EVERY_MS);
  }

  /**
   * Sends no more; resolves when every message that was ever on the wire is acknowledged, and nothing can be
   * acknowledged any more. The client sends what has waited one by one: between two of them nothing is unanswered.
   */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    let acknowledged = -1;
    let deadline = 0;
    while (this.#underWay > 0 || this.#unanswered.size > 0) {
      // A long queue takes its time; an answer that never comes is noticed.
      if (this.acknowledged.size > acknowledged) deadline = Date.now() + 30_000;
      acknowledged = this.acknowledged.size;
      if (Date.now() > deadline) throw new Error(`${this.#unanswered.size} messages stay unanswered`);
      await delay(20);
    }
    await this.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.endAsync(true);
  }

  #publish(): void {
    const number = ++this.#published;
    const marks = this.#timeless ? {} : { time: new Date().toISOString(), seq: number };
    const payload = JSON.stringify({ ...marks, number });
    this.#underWay += 1;
    this.#client.publish(`nongtin/v1/${DEVICE}/readings`, payload, { qos: 1 }, () => {
      this.#underWay -= 1;
    });
  }

  #sent(packetId: number, payload: string): void {
    const { number } = JSON.parse(payload) as { number: number };
    this.#numberOf.set(packetId, number);
    if (!this.acknowledged.has(number)) this.#unanswered.add(number);
  }

  #answered(packetId: number): void {
    const number = this.#numberOf.get(packetId);
    if (number === undefined) return;
    this.acknowledged.add(number);
    this.#unanswered.delete(number);
  }
}

/** A gateway in a process of its own, once it is ready. */
export async function startGateway(...of: Parameters<typeof spawnGateway>): Promise<ChildProcess> {
  const { child, ready } = spawnGateway(...of);
  await ready;
  return child;
}

/** The same as soon as it exists. */
export function spawnGateway(
  dataDir: string,
  ports: { mqtt: number; http: number; uplink: number; isElsewhere: boolean },
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly ready: Promise<void> } {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NONGTIN_LOG: 'json',
      NONGTIN_DATA_DIR: dataDir,
      NONGTIN_HOST: '127.0.0.1',
      ...(ports.isElsewhere
        ? { NONGTIN_MQTT_BROKER_URL: `mqtt://127.0.0.1:${ports.mqtt}` }
        : { NONGTIN_MQTT_PORT: String(ports.mqtt) }),
      NONGTIN_GATEWAY_PORT: String(ports.http),
      NONGTIN_MQTT_TLS_PORT: 'off',
      NONGTIN_MQTT_WS_PORT: 'off',
      NONGTIN_GATEWAY_TLS_PORT: 'off',
      NONGTIN_UPLINK_URL: `mqtt://127.0.0.1:${ports.uplink}`,
      ...env,
    },
  });
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    const hear = (part: Buffer) => {
      said += part.toString();
      // Looked for in all of it: a busy gateway may say more after it, at once, than is kept.
      if (said.includes('"msg":"ready"')) resolve();
      said = said.slice(-10_000);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${said}`)));
  });
  return { child, ready };
}

export async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** Until the series store holds what the journal holds. */
async function delivered(httpPort: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
    const { series } = (await answer.json()) as { series: { behindEntries: number } };
    if (series.behindEntries === 0) return;
    if (Date.now() > deadline)
      throw new Error(`the series store is still ${series.behindEntries} entries behind`);
    await delay(50);
  }
}

/** Until the gateway is connected to the broker elsewhere. */
async function reached(httpPort: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { broker } = (await (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).json()) as {
      broker: { reached: boolean };
    };
    if (broker.reached) return;
    if (Date.now() > deadline) throw new Error(`the broker is not reached: ${JSON.stringify(broker)}`);
    await delay(20);
  }
}

/** Until the gateway is connected to the broker elsewhere, and its journal has not grown for a second. */
async function quiet(httpPort: number): Promise<void> {
  await reached(httpPort);
  const deadline = Date.now() + 60_000;
  let last = -1;
  for (let looks = 0; looks < 10; await delay(100)) {
    if (Date.now() > deadline) throw new Error(`the journal still grows, at ${last} bytes`);
    const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
    const { journal } = (await answer.json()) as { journal: { bytes: number } };
    looks = journal.bytes === last ? looks + 1 : 0;
    last = journal.bytes;
  }
}

async function storedNumbers(dataDir: string, fromMs: number, toMs: number): Promise<Map<number, number>> {
  const store = sqliteSeries({ path: join(dataDir, 'gateway', 'series.sqlite') });
  await store.start();
  const counts = new Map<number, number>();
  // In slices: a query is never answered with more points than its bound.
  const sliceMs = 10_000;
  for (let at = fromMs; at < toMs; at += sliceMs) {
    const points = await store.query({
      metric: 'raw',
      device: DEVICE,
      channel: 'number',
      fromMs: at,
      toMs: at + sliceMs,
      maxPoints: 10_000,
      aggregate: 'raw',
    });
    for (const { value } of points) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  await store.stop();
  return counts;
}

/** NONGTIN_KILL_SEED repeats a run; its name tells the seed that was used. */
export function killSeed(): number {
  return Number(process.env.NONGTIN_KILL_SEED ?? Date.now() % 1_000_000_000);
}

/** Numbers that are acknowledged but not stored exactly once, and those stored more than once. */
export function wrongNumbers({ acknowledged, stored }: KillStory) {
  return {
    lost: [...acknowledged].filter((number) => !stored.has(number)),
    repeated: [...stored].filter(([, count]) => count > 1).map(([number]) => number),
  };
}
