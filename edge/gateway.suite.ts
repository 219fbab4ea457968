import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { demoSecrets } from '@nongtin/accounts';
import { freePort } from '@nongtin/service';
import { connectAsync, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import type { SystemClock } from './clock/index.ts';
import { readConfig } from './config.ts';
import { Gateway } from './gateway.ts';

const systemClock: SystemClock = { nowMs: Date.now, monotonicMs: () => Math.trunc(performance.now()) };

/** A demo farm in a folder of its own, with everything real. Started and stopped as often as a test likes. */
export async function testFarm(env: Record<string, string> = {}, clock = systemClock) {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-gateway-'));
  const nowhere = await freePort();
  const secrets = demoSecrets(dataDir);
  const clients: MqttClient[] = [];
  const build = (more: Record<string, string> = {}, logger = pino({ enabled: false })) =>
    new Gateway(
      readConfig({
        NONGTIN_DATA_DIR: dataDir,
        NONGTIN_HOST: '127.0.0.1',
        NONGTIN_MQTT_PORT: '0',
        NONGTIN_GATEWAY_PORT: '0',
        NONGTIN_MQTT_TLS_PORT: 'off',
        NONGTIN_MQTT_WS_PORT: 'off',
        NONGTIN_GATEWAY_TLS_PORT: 'off',
        NONGTIN_UPLINK_URL: `mqtt://127.0.0.1:${nowhere}`,
        ...env,
        ...more,
      }),
      logger,
      clock,
    );
  let gateway = build();
  await gateway.start();
  let token = '';

  const url = (path: string) => `http://127.0.0.1:${gateway.ports.httpPort}${path}`;
  const post = (path: string, body: object) =>
    fetch(url(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
    });
  const headers = async () => {
    if (!token) {
      const { email, password } = secrets.users.technician;
      const answer = await post('/api/auth/sign-in/email', { email, password });
      token = answer.headers.get('set-auth-token') ?? '';
    }
    return { authorization: `Bearer ${token}` };
  };

  return {
    dataDir,
    secrets,
    build,
    post,
    gateway: () => gateway,
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose schemas are tested elsewhere
    get: async (path: string): Promise<any> => (await fetch(url(path), { headers: await headers() })).json(),
    /** A device that speaks with its own password. */
    async device(id: string): Promise<MqttClient> {
      const client = await connectAsync(`mqtt://127.0.0.1:${gateway.ports.mqttPort}`, {
        clientId: id,
        username: id,
        password: secrets.devices[id] ?? '',
        reconnectPeriod: 0,
      });
      clients.push(client);
      return client;
    },
    /** Follows the event stream; the answer tells what has come so far. */
    async follow(): Promise<() => string> {
      let text = '';
      const asked = request(url('/api/events'), { headers: await headers() }).end();
      asked.on('error', () => {});
      const [response] = await once(asked, 'response');
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      return () => text;
    },
    async restart(more: Record<string, string> = {}) {
      await gateway.stop();
      gateway = build(more);
      await gateway.start();
    },
    async close() {
      for (const client of clients) await client.endAsync(true);
      await gateway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
