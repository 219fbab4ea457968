import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoSecrets } from '@nongtin/accounts';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Cloud } from './cloud.ts';
import { readConfig } from './config.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nongtin-cloud-demo-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Whether the demo's manager and the demo's gateway get in. */
async function entrances(demo: 'on' | 'off'): Promise<{ manager: number; gateway: boolean }> {
  const noTls = { NONGTIN_CLOUD_TLS_PORT: 'off', NONGTIN_UPLINK_TLS_PORT: 'off' };
  const ports = {
    NONGTIN_CLOUD_PORT: '0',
    NONGTIN_UPLINK_PORT: '0',
    NONGTIN_RPC_URL: 'http://127.0.0.1:9',
    ...noTls,
  };
  const env = { NONGTIN_DATA_DIR: dataDir, NONGTIN_HOST: '127.0.0.1', NONGTIN_DEMO: demo, ...ports };
  const cloud = new Cloud(readConfig(env), pino({ level: 'silent' }), { nowMs: Date.now });
  await cloud.start();
  try {
    const { users, uplink } = demoSecrets(dataDir);
    const answer = await fetch(`http://127.0.0.1:${cloud.ports.http}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(users.manager),
    });
    const login = { username: uplink.gateway, password: uplink.password, reconnectPeriod: 0 };
    const gateway = await connectAsync(`mqtt://127.0.0.1:${cloud.ports.uplink}`, login).then(
      (client) => client.endAsync(true).then(() => true),
      () => false,
    );
    return { manager: answer.status, gateway };
  } finally {
    await cloud.stop();
  }
}

it('lets nobody in any more who came with the demo, once it runs without', async () => {
  expect(await entrances('on')).toEqual({ manager: 200, gateway: true });
  expect(await entrances('off')).toEqual({ manager: 401, gateway: false });
});
