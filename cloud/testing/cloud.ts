import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoSecrets, demoSecrets, type Role } from '@nongtin/accounts';
import { topicOf, type UplinkAnswer, type UplinkEntry, type UplinkLive } from '@nongtin/broker/wire';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { type Logger, pino } from 'pino';
import { Cloud } from '../cloud.ts';
import { readConfig } from '../config.ts';
import { recordsFolder } from './records-folder.ts';

/** A whole cloud on free ports, in a folder of its own. */
export interface TestCloud {
  readonly dataDir: string;
  readonly secrets: DemoSecrets;
  readonly uplinkUrl: string;
  /** Of the HTTP door. */
  readonly url: string;
  /** Over TLS; the ports are there once `secured` has resolved, if the environment asks for them. */
  readonly ports: () => Cloud['ports'];
  readonly secured: () => Promise<void>;
  /** Asks the API as a demo user, or as nobody. */
  call(
    as: Role | undefined,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<ApiAnswer>;
  stop(): Promise<void>;
  /** On the same folder; everybody signs in again. */
  start(): Promise<void>;
  /** Stops and starts on the same folder. */
  restart(): Promise<void>;
  /** Stops and removes the folder. */
  remove(): Promise<void>;
}

interface ApiAnswer {
  readonly status: number;
  /**
   * Whatever JSON came. The one `any` of this workspace: with `unknown`, each test would have to cast to a shape that it
   * is there to check, and a wrong cast would hide what is wrong.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
  readonly body: any;
}

export async function startCloud(
  databaseUrl?: string,
  more: Readonly<Record<string, string>> = {},
  parts: { logger?: Logger; clock?: { nowMs(): number } } = {},
): Promise<TestCloud> {
  const dataDir =
    databaseUrl === undefined
      ? await recordsFolder('nongtin-cloud-')
      : mkdtempSync(join(tmpdir(), 'nongtin-cloud-'));
  const env = { NONGTIN_DATA_DIR: dataDir, NONGTIN_HOST: '127.0.0.1', NONGTIN_CLOUD_PORT: '0' };
  const config = readConfig({
    ...{ ...env, NONGTIN_UPLINK_PORT: '0', NONGTIN_RPC_URL: 'http://127.0.0.1:9' },
    ...{ NONGTIN_CLOUD_TLS_PORT: 'off', NONGTIN_UPLINK_TLS_PORT: 'off' },
    NONGTIN_DATABASE_URL: databaseUrl,
    ...more,
  });
  const { logger = pino({ level: 'silent' }), clock = { nowMs: Date.now } } = parts;
  const start = async () => {
    const started = new Cloud(config, logger, clock);
    await started.start();
    return started;
  };
  let cloud = await start();
  const tokens = new Map<Role, string>();
  const secrets = demoSecrets(dataDir);
  const base = () => `http://127.0.0.1:${cloud.ports.http}`;
  return {
    dataDir,
    secrets,
    get url() {
      return base();
    },
    ports: () => cloud.ports,
    secured: () => cloud.secured(),
    get uplinkUrl() {
      return `mqtt://127.0.0.1:${cloud.ports.uplink}`;
    },
    call: async (as, method, path, body) => {
      if (as !== undefined && !tokens.has(as)) tokens.set(as, await signIn(base(), secrets.users[as]));
      const token = as && tokens.get(as);
      const response = await fetch(base() + path, {
        method,
        redirect: 'manual',
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.startsWith('application/json');
      return { status: response.status, body: isJson ? JSON.parse(text) : text };
    },
    stop: () => cloud.stop(),
    start: async () => {
      tokens.clear();
      cloud = await start();
    },
    restart: async () => {
      await cloud.stop();
      cloud = await start();
    },
    remove: async () => {
      await cloud.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function signIn(base: string, user: { email: string; password: string }): Promise<string> {
  const response = await fetch(`${base}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
  const token = response.headers.get('set-auth-token');
  if (token === null) throw new Error(`signing in was answered with ${response.status}`);
  return token;
}

/** A gateway's connection to the cloud's MQTT. */
export class Uplink {
  readonly #client: MqttClient;
  readonly #gateway: string;
  readonly #answers: UplinkAnswer[] = [];
  #arrived = Promise.withResolvers<void>();

  private constructor(client: MqttClient, gateway: string) {
    this.#client = client;
    this.#gateway = gateway;
    client.on('message', (_topic, payload) => {
      this.#answers.push(JSON.parse(payload.toString()) as UplinkAnswer);
      this.#arrived.resolve();
    });
  }

  static async connect(
    url: string,
    gateway: string,
    password: string,
    tls: Pick<IClientOptions, 'ca' | 'cert' | 'key'> = {},
  ): Promise<Uplink> {
    const login = { username: gateway, ...(password === '' ? {} : { password }), ...tls };
    const client = await connectAsync(url, { ...login, reconnectPeriod: 0 }, false);
    const uplink = new Uplink(client, gateway);
    await client.subscribeAsync(topicOf('uplinkAnswer', gateway), { qos: 0 });
    return uplink;
  }

  send(...entries: readonly UplinkEntry[]): Promise<Omit<UplinkAnswer, 'atMs'>> {
    return this.sendRaw(JSON.stringify({ entries }));
  }

  /** The answer to this message, without the time it was given at. */
  async sendRaw(payload: string | Buffer): Promise<Omit<UplinkAnswer, 'atMs'>> {
    await this.#client.publishAsync(topicOf('uplinkEntries', this.#gateway), payload, { qos: 1 });
    for (;;) {
      const { atMs, ...answer }: Partial<UplinkAnswer> = this.#answers.shift() ?? {};
      if (answer.durableUpTo !== undefined && Number.isInteger(atMs))
        return { ...answer, durableUpTo: answer.durableUpTo };
      this.#arrived = Promise.withResolvers<void>();
      await this.#arrived.promise;
    }
  }

  /** Resolves when the cloud has taken it, or decided not to. */
  async sendLive(live: UplinkLive | string | Buffer): Promise<void> {
    const payload = typeof live === 'string' || Buffer.isBuffer(live) ? live : JSON.stringify(live);
    await this.#client.publishAsync(topicOf('uplinkLive', this.#gateway), payload, { qos: 1 });
  }

  /** Resolves when the cloud has ended the connection. */
  async ended(): Promise<void> {
    if (this.#client.connected)
      await new Promise<void>((resolve) => this.#client.once('close', () => resolve()));
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
