import { type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClockProblem } from '../clock/index.ts';
import { testApi } from './parts.suite.ts';

let gateway: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  gateway = await testApi();
});
afterAll(() => gateway.close());

const NOW = 1_800_000_000_000;
const reading = (device: string, metric: Reading['metric'], value: number): Reading => ({
  ...{ metric, device, channel: '', value, quality: 0, receivedAtMs: NOW, timeNs: seriesTimeNs(NOW, 1) },
});

describe('the list of devices', () => {
  it('tells how each is, with those behind a bridge, and forgets them with it', async () => {
    const technician = await gateway.as('technician');
    expect((await technician.post('/api/devices', { id: 'z2m', role: 'bridge' })).statusCode).toBe(201);
    const credentials = gateway.parts.credentials.list();
    expect(credentials).toContainEqual({ id: 'z2m', role: 'bridge' });
    const told = [reading('z2m.Vườn 1', 'battery', 9), reading('z2m.Vườn 1', 'link_quality', 80)];
    gateway.health.onReadings(told, 1, 'zigbee2mqtt', NOW - 3_000);
    const { devices } = (await technician.get('/api/devices')).json();
    expect(devices).toMatchObject([
      { id: 'z2m', role: 'bridge', family: null, online: null, overdue: false },
      {
        ...{ id: 'z2m.Vườn 1', role: null, family: 'zigbee2mqtt', online: true, lastSeenAtMs: NOW },
        ...{ battery: 9, linkQuality: 80, clockAheadSeconds: -3, overdue: false, expectedSeconds: null },
        lastHour: { readings: 2, flagged: 0, missing: 1, unreadable: 0 },
      },
    ]);
    const metrics = await gateway.app.inject({ url: '/metrics', headers: technician.headers });
    expect(metrics.body).toMatch(/nongtin_devices 2\nnongtin|nongtin_devices 2\n/);
    expect(metrics.body).toContain('nongtin_devices_overdue 0');
    expect((await technician.delete('/api/devices/z2m')).statusCode).toBe(204);
    expect((await technician.get('/api/devices')).json().devices).toEqual([]);
  });

  it.each(['nongtin', 'tele', 'zigbee2mqtt', 'homeassistant', 'application'])(
    'takes no device by the name of a family, %s, and says so',
    async (id) => {
      const answer = await (await gateway.as('technician')).post('/api/devices', { id });
      expect(answer.statusCode).toBe(400);
      expect(answer.json().error.message).toContain('choose another name');
    },
  );

  it('gives a device another password and ends what came in with the old one; its name and series stay', async () => {
    const technician = await gateway.as('technician');
    const first = (await technician.post('/api/devices', { id: 'probe-7' })).json().password;
    const answer = await technician.post('/api/devices/probe-7/password', {});
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    const { credentials } = gateway.parts;
    const verified = [first, answer.json().password].map((it) =>
      credentials.verify('probe-7', Buffer.from(it)),
    );
    expect(verified).toEqual([undefined, { id: 'probe-7', role: 'device' }]);
    expect(gateway.disconnected).toContain('probe-7');
    expect((await technician.post('/api/devices/nobody/password', {})).statusCode).toBe(404);
    expect((await (await gateway.as('member')).post('/api/devices/probe-7/password', {})).statusCode).toBe(
      403,
    );
  });

  it('tells where a device reaches the farm, and what it needs for TLS', async () => {
    const tls = {
      host: null,
      ownHosts: ['192.168.1.5'],
      mqttPort: 1883,
      tlsPort: 8883,
      webSocketPort: null,
      authority: 'PEM',
      tasmotaFingerprint: 'AA BB',
    };
    expect((await (await gateway.as('technician')).get('/api/tls')).json()).toMatchObject(tls);
    expect((await (await gateway.as('member')).get('/api/tls')).statusCode).toBe(403);
    // A phone has to trust it before anybody can sign in there over HTTPS.
    const file = await gateway.app.inject({ url: '/nongtin-ca.crt' });
    expect(file.headers['content-type']).toBe('application/x-x509-ca-cert');
    expect(file.body).toContain('BEGIN CERTIFICATE');
  });

  it('knows no role but those of the farm', async () => {
    const technician = await gateway.as('technician');
    expect((await technician.post('/api/devices', { id: 'x', role: 'controller' })).statusCode).toBe(400);
  });
});

describe('mappings of raw fields', () => {
  const wish = { device: 'd1', channel: 'soil.hum', metric: 'soil_moisture', unit: '%' };

  it('are made and undone by a technician, and seen by who inspects', async () => {
    const technician = await gateway.as('technician');
    expect((await technician.put('/api/mappings', wish)).json()).toMatchObject({
      mapping: { ...wish, toChannel: 'soil.hum', atMs: NOW, lastSeenAtMs: null },
      warning: expect.stringContaining("No field 'soil.hum' has come from 'd1'"),
    });
    const { unit: _, ...unsaid } = wish;
    const refused = await technician.put('/api/mappings', unsaid);
    expect([refused.statusCode, refused.json().error.message]).toEqual([
      400,
      expect.stringContaining('Say in which unit'),
    ]);
    expect((await (await gateway.as('auditor')).get('/api/mappings')).json()).toMatchObject({
      mappings: [wish],
      unmapped: [],
    });
    expect((await (await gateway.as('member')).put('/api/mappings', wish)).statusCode).toBe(403);
    const url = '/api/mappings?device=d1&channel=soil.hum';
    expect((await technician.delete(url)).statusCode).toBe(204);
    expect((await technician.delete(url)).json().error.message).toContain(
      "'soil.hum' of 'd1' has no mapping",
    );
  });

  it('are refused with words when unit and metric do not go together', async () => {
    const technician = await gateway.as('technician');
    const answer = await technician.put('/api/mappings', { ...wish, unit: '°F' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({
      kind: 'your_input',
      message: "Unit '°F' cannot be soil_moisture, which is measured in m³/m³.",
    });
  });
});

describe('the clock', () => {
  it('is shown, told by a technician, and refuses with words', async () => {
    const technician = await gateway.as('technician');
    expect((await technician.get('/api/clock')).json()).toMatchObject({
      atMs: NOW,
      trusted: true,
      undated: [],
    });
    const heard: unknown[] = [];
    Object.assign(gateway.parts.keeper, {
      confirm: async (utcMs: number, isSure?: boolean) => void heard.push([utcMs, isSure]),
      release: async () => {
        throw new ClockProblem('No readings wait.', true);
      },
    });
    expect((await technician.post('/api/clock', { utc: '2026-11-21T17:00:00+07:00' })).statusCode).toBe(200);
    const sure = { utc: '2026-11-21T10:00:00Z', confirm: true };
    expect((await technician.post('/api/clock', sure)).json().told).toBe(null);
    const at = Date.UTC(2026, 10, 21, 10);
    expect(heard).toEqual([
      [at, undefined],
      [at, true],
    ]);
    for (const utc of ['2026-11-21T17:00:00', 'now', '1795312596945'])
      expect((await technician.post('/api/clock', { utc })).json().error.message).toContain(
        "'utc' is no time",
      );
    const released = await technician.post('/api/clock/release', { bootId: 'ab'.repeat(16) });
    expect([released.statusCode, released.json().error.message]).toEqual([404, 'No readings wait.']);
    expect((await (await gateway.as('manager')).post('/api/clock', { utc: 'x' })).statusCode).toBe(403);
  });
});
