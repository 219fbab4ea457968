import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { startService } from './testing/service.ts';

let folder = '';
let service: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-broker-'));
});
afterEach(() => {
  service?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the service and gives its port once it listens. */
async function start(more: Record<string, string> = {}): Promise<number> {
  const started = await startService(folder, more);
  service = started.service;
  return started.port;
}

describe('the broker alone', () => {
  it("knows the demo's devices until the demo is off, and ends cleanly on SIGTERM", async () => {
    writeFileSync(
      join(folder, 'demo.json'),
      JSON.stringify({ users: {}, devices: { probe9: 'demo-password' } }),
    );
    const port = await start();
    const door = { host: '127.0.0.1', port, username: 'probe9', reconnectPeriod: 0 };
    await expect(connectAsync({ ...door, password: 'guess' })).rejects.toMatchObject({ code: 4 });
    const probe = await connectAsync({ ...door, password: 'demo-password' });
    probe.on('error', () => {});
    await probe.publishAsync('tele/probe9/SENSOR', '{}', { qos: 1 });
    service?.kill('SIGTERM');
    expect(await once(service as ChildProcess, 'exit')).toEqual([0, null]);
    probe.end(true);
    const later = await start({ NONGTIN_DEMO: 'off' });
    const again = { ...door, port: later, password: 'demo-password' };
    await expect(connectAsync(again)).rejects.toMatchObject({ code: 4 });
  });
});

describe('its configuration', () => {
  it('has defaults', () => {
    const defaults = {
      credentialsPath: 'data/gateway/credentials.json',
      sessionsPath: 'data/gateway/sessions.sqlite',
      demoPath: 'data/demo.json',
      demo: true,
      host: '0.0.0.0',
      port: 1883,
    };
    expect(readConfig({})).toEqual(defaults);
    expect(readConfig({ NONGTIN_DEMO: 'off' }).demo).toBe(false);
    const names = ['NONGTIN_DATA_DIR', 'NONGTIN_DEMO', 'NONGTIN_HOST', 'NONGTIN_MQTT_PORT'];
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(defaults);
  });

  it.each([
    { NONGTIN_MQTT_PORT: 'abc' },
    { NONGTIN_MQTT_PORT: '70000' },
    { NONGTIN_MQTT_PORT: '-1' },
    { NONGTIN_DEMO: 'maybe' },
  ])('says what is wrong with %o', (env) => {
    expect(() => readConfig(env)).toThrow(StartProblem);
  });
});
