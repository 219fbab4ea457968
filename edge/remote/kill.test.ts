import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoSecrets } from '@nongtin/accounts';
import { topicOf } from '@nongtin/broker/wire';
import { freePort } from '@nongtin/service';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { end, startGateway } from '../kill.suite.ts';
import { cloudBroker, start, until } from './gateway.suite.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('a zone that was stopped by hand refuses starts from afar after a kill too', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-hands-'));
  cleanups.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const cloud = await cloudBroker();
  cleanups.push(() => cloud.broker.stop());
  const ports = { mqtt: await freePort(), http: await freePort(), uplink: cloud.broker.port };
  let gateway: ChildProcess | undefined;
  cleanups.push(() => gateway && end(gateway, 'SIGKILL'));
  const run = () => startGateway(dataDir, { ...ports, isElsewhere: false }, { NONGTIN_CLOCK: 'trusted' });
  gateway = await run();

  const { users, devices } = demoSecrets(dataDir);
  const url = (path: string) => `http://127.0.0.1:${ports.http}${path}`;
  const json = { 'content-type': 'application/json' };
  const { email, password } = users.technician;
  const signedIn = await fetch(url('/api/auth/sign-in/email'), {
    ...{ method: 'POST', headers: json, body: JSON.stringify({ email, password }) },
  });
  const authorization = `Bearer ${signedIn.headers.get('set-auth-token')}`;
  const signIn = async (id: string): Promise<MqttClient> => {
    const client = await connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`, {
      ...{ username: id, password: devices[id] ?? '', reconnectPeriod: 0 },
    });
    cleanups.push(() => client.endAsync(true));
    return client;
  };

  const stop = { method: 'POST', headers: { ...json, authorization }, body: '{}' };
  expect((await fetch(url('/api/zones/a1/stop'), stop)).status).toBe(202);
  // Acknowledged when it is on the disk, and with it all that came before.
  const probe = await signIn('probe9');
  await probe.publishAsync('nongtin/v1/probe9/readings', '{"soil_moisture":0.23}', { qos: 1 });
  await end(gateway, 'SIGKILL');
  gateway = await run();

  const valve = await signIn('valve-a1');
  const closed = { state: 'closed', cause: 'boot', flowLitresPerMinute: 0, totalLitres: 100 };
  await valve.publishAsync(topicOf('valveState', 'valve-a1'), JSON.stringify(closed), { qos: 1 });
  await until(async () => {
    const live = await fetch(url('/api/live'), { headers: { authorization } });
    const { zones } = (await live.json()) as { zones: { id: string; state: string }[] };
    expect(zones.find(({ id }) => id === 'a1')?.state).toBe('idle');
  });
  const command = start(1, 'a1');
  await until(async () => {
    await cloud.send(command);
    expect(cloud.heard.find(({ commandId }) => commandId === command.id)).toMatchObject({
      ...{ step: 'refused', reason: { key: 'stopped_by_hand' } },
    });
  });
}, 120_000);
