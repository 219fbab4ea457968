import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { demoSecrets } from '@nongtin/accounts';
import { openCredentials } from '@nongtin/broker';
import { freePorts } from '@nongtin/service';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { signIn } from './caller.ts';
import { gatewayFlags } from './flags.mjs';

const bundled = () =>
  execFileSync(process.execPath, [join(import.meta.dirname, 'bundle.ts')], { encoding: 'utf8' }).trim();

const CODEC = 'function decodeUplink(input) { return { data: { soil_moisture: input.bytes[0] / 100 } }; }';
const UPLINK = {
  deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d',
  deviceInfo: { deviceName: 'Lô A3', deviceProfileName: 'probe', devEui: 'a84041ffff000001' },
  fCnt: 7,
  fPort: 2,
  data: Buffer.from([31]).toString('base64'),
};

describe('the gateway’s bundle', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-bundle-'));
  let child: ReturnType<typeof spawn> | undefined;
  afterEach(async () => {
    if (child?.exitCode === null) await Promise.all([once(child, 'exit'), child.kill()]);
    rmSync(dataDir, { recursive: true });
  });

  test('is made once of the same sources, in one byte a letter, with its threads beside it', () => {
    const main = bundled();
    expect(bundled()).toBe(main);
    const files = readdirSync(dirname(main));
    expect(files).toEqual(
      expect.arrayContaining([
        'main.js',
        'journal-worker.js',
        'codec-worker.js',
        'report-worker.js',
        'sqlite-worker.js',
      ]),
    );
    const text = (file: string) => readFileSync(join(dirname(main), file), 'latin1');
    expect(files.filter((file) => !/^[\0-\x7f]*$/.test(text(file)))).toEqual([]);
    // As in the sources, so that a stack tells something.
    expect(/\bMessageIngest\b/.test(text('main.js'))).toBe(true);
  });

  test('does what the sources do: pages, sign-in, a codec’s thread, the journal, SQLite, TLS', async () => {
    const [mqttPort = 0, httpPort = 0, tlsPort = 0, webSocketPort = 0] = await freePorts(4);
    const secrets = demoSecrets(dataDir);
    mkdirSync(join(dataDir, 'gateway', 'codecs'), { recursive: true });
    writeFileSync(join(dataDir, 'gateway', 'codecs', 'probe.js'), CODEC);
    const credentials = openCredentials({ path: join(dataDir, 'gateway', 'credentials.json') });
    const password = credentials.issue('lns', 'bridge');
    child = spawn(process.execPath, [...gatewayFlags, bundled()], {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        NONGTIN_DATA_DIR: dataDir,
        NONGTIN_HOST: '127.0.0.1',
        NONGTIN_MQTT_PORT: String(mqttPort),
        NONGTIN_GATEWAY_PORT: String(httpPort),
        NONGTIN_MQTT_TLS_PORT: String(tlsPort),
        NONGTIN_MQTT_WS_PORT: String(webSocketPort),
        NONGTIN_GATEWAY_TLS_PORT: 'off',
        NONGTIN_UPLINK_URL: 'mqtt://127.0.0.1:1',
        NONGTIN_DEMO: 'on',
        NONGTIN_LOG: 'json',
      },
    });
    const url = `http://127.0.0.1:${httpPort}`;
    const wait = { timeout: 30_000, interval: 100 };
    await vi.waitFor(async () => expect((await fetch(`${url}/healthz`)).status).toBe(200), wait);
    expect(await (await fetch(url)).text()).toContain('<html');

    const lns = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
      clientId: 'lns',
      username: 'lns',
      password,
    });
    const topic = 'application/17c82e96-be03-4f38-aef3-f83d48582d97/device/a84041ffff000001/event/up';
    await lns.publishAsync(topic, JSON.stringify({ ...UPLINK, time: new Date().toISOString() }), { qos: 1 });
    await lns.endAsync();
    const technician = await signIn(url, secrets.users.technician);
    await vi.waitFor(async () => {
      const path = '/api/readings?device=lns.a84041ffff000001';
      const { readings } = await technician.get<{ readings: { channel: string; value: number }[] }>(path);
      expect(readings).toContainEqual(expect.objectContaining({ channel: 'soil_moisture', value: 0.31 }));
    }, wait);

    let tls: { authority: string | null } = { authority: null };
    await vi.waitFor(async () => {
      tls = await technician.get('/api/tls');
      expect(tls).toMatchObject({ tlsPort, webSocketPort, tasmotaFingerprint: expect.any(String) });
    }, wait);
    const login = { username: 'lns', password, ca: tls.authority ?? '' };
    for (const url of [`mqtts://localhost:${tlsPort}`, `wss://localhost:${webSocketPort}`]) {
      const secure = await connectAsync(url, login);
      await secure.publishAsync(topic, '{}', { qos: 1 });
      await secure.endAsync();
    }
  }, 60_000);
});
