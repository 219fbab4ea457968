import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingRoutes } from '@nongtin/accounts';
import { quality, topicOf } from '@nongtin/broker/wire';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { layoutRecord } from '../farm/open.ts';
import { testApi } from './parts.suite.ts';

let gateway: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  const gone = (device: string) => {
    if (device === 'away') throw new Error('connect ECONNREFUSED');
  };
  gateway = await testApi(
    async (query) => {
      gone(query.device);
      return [{ atMs: query.toMs - 1, value: 0.2, quality: quality.late }];
    },
    async (device) => {
      gone(device);
      return device === 'silent-today' ? [{ metric: 'soil_moisture' as const, channel: 'deep' }] : [];
    },
  );
  await gateway.app.ready();
});
afterAll(() => gateway.close());

const valveClosed = (zone: string) =>
  gateway.irrigation.onMessage(
    topicOf('valveState', `valve-${zone}`),
    Buffer.from('{"state":"closed","cause":"command","flowLitresPerMinute":0,"totalLitres":5}'),
  );

describe('access', () => {
  it('serves every route of the table, and none besides', () => {
    expect(missingRoutes(gateway.app, 'gateway')).toEqual([]);
  });

  it('answers strangers only where it is public', async () => {
    expect((await gateway.app.inject('/api/live')).statusCode).toBe(401);
    expect((await gateway.app.inject('/healthz')).statusCode).toBe(200);
    expect((await gateway.app.inject('/api/openapi.json')).json().paths).toHaveProperty(
      '/api/zones/{zone}/open',
    );
  });

  it('refuses a role that may not', async () => {
    const member = await gateway.as('member');
    expect((await member.post('/api/zones/a1/unlock')).statusCode).toBe(403);
    expect((await member.post('/api/devices', { id: 'soil-x' })).statusCode).toBe(403);
    const auditor = await gateway.as('auditor');
    expect((await auditor.post('/api/zones/a1/open', { durationSeconds: 60 })).statusCode).toBe(403);
    expect((await auditor.get('/api/quarantine')).statusCode).toBe(200);
  });
});

describe('the views', () => {
  it('tell the farm and its gateway', async () => {
    const farm = (await (await gateway.as('member')).get('/api/farm')).json();
    expect(farm.gateway).toMatchObject({ id: 'gw-test', demo: true, speed: 60 });
    expect(farm.plots[0]).toMatchObject({ plantingAreaCode: 'VN-BTN-0001-DEMO' });
    expect(farm.plots[0].zones[0]).toEqual({
      id: 'a1',
      name: 'Lô A – Khu 1',
      valve: 'valve-a1',
      soilProbe: 'soil-a1',
      openBelowFraction: 0.2,
      targetFraction: 0.25,
      runSeconds: 600,
      maxRunSeconds: 1800,
      nominalFlowLitresPerMinute: 38,
    });
    expect(farm.devices).toContainEqual({
      ...{ id: 'soil-a1', name: null, role: 'soil_probe', zone: 'a1', hardware: 'soil-a1' },
    });
  });

  it('tell the live state with its flags, figures and refusals', async () => {
    const reading = { metric: 'soil_moisture', device: 'soil-a1', channel: '', value: 9 } as const;
    gateway.live.onReadings([{ ...reading, atMs: 1_000, receivedAtMs: 1_000, quality: quality.outOfRange }]);
    const live = (await (await gateway.as('auditor')).get('/api/live')).json();
    expect(live.zones[0]).toMatchObject({
      id: 'a1',
      soilMoisture: { value: 9, atMs: 1_000, quality: ['outOfRange'] },
      soilEc: null,
      run: null,
      locked: null,
    });
    expect(live.devices[0]).toMatchObject({ id: 'soil-a1', online: true });
    expect(live.counters).toEqual({ messages: 6, connected: 2, readings: 7, quarantined: 1, refused: 4 });
    expect(live.refusals[0].cause).toBe('wrong_password');
    expect(live.uplink).toMatchObject({ connected: false, behindEntries: 3 });
  });

  it('give a series for a chart, and stored readings with named flags', async () => {
    const member = await gateway.as('member');
    const series = await member.get('/api/series?metric=soil_moisture&device=soil-a1&from=0&to=1000');
    expect(series.json()).toEqual({
      metric: 'soil_moisture',
      unit: 'm³/m³',
      points: [[999, 0.2, quality.late]],
    });
    const readings = await member.get('/api/readings?device=silent-today&limit=5');
    expect(readings.json().readings).toMatchObject([
      { metric: 'soil_moisture', channel: 'deep', quality: ['late'] },
    ]);
  });

  it('name what is wrong with a question, and say when the store is away', async () => {
    const member = await gateway.as('member');
    const wrong = await member.get('/api/series?metric=gold&device=soil-a1');
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json().error).toMatchObject({
      kind: 'your_input',
      message: expect.stringContaining("'gold'"),
    });
    expect((await member.get('/api/series?metric=flow&device=x&points=100000')).statusCode).toBe(400);
    expect((await member.get('/api/series?metric=flow&device=x&from=5&to=5')).statusCode).toBe(400);
    const odd = '/api/series?metric=flow&device=soil-a1&aggregate=';
    expect((await member.get(`${odd}median`)).json().error).toEqual({
      ...{
        kind: 'your_input',
        message: 'querystring/aggregate must be one of: mean, min, max, last, sum, increase',
      },
    });
    const nowhere = await member.get('/data/nowhere?ID=x&PASSWORD=secret');
    expect(nowhere.json().error.message).toBe('There is nothing at /data/nowhere.');
    expect((await member.get(`${odd}max`)).statusCode).toBe(200);
    for (const question of ['series?metric=flow&device=away', 'readings?device=away']) {
      const away = await member.get(`/api/${question}`);
      expect(away.statusCode).toBe(503);
      expect(away.json().error.kind).toBe('try_later');
    }
  });
});

describe('what people do', () => {
  it('opens a zone only through the controller', async () => {
    const member = await gateway.as('member');
    const refused = await member.post('/api/zones/a2/open', { durationSeconds: 60 });
    expect(refused.statusCode).toBe(409);
    expect(refused.json().error.reason).toEqual({ key: 'valve_unconfirmed', figures: {} });
    valveClosed('a2');
    const accepted = await member.post('/api/zones/a2/open', { durationSeconds: 60 });
    expect(accepted.statusCode).toBe(202);
    expect(accepted.json().reason.key).toBe('manual_request');
    expect(gateway.commands.at(-1)).toMatchObject({
      topic: 'nongtin/v1/valve-a2/valve/command',
      command: { action: 'open', durationSeconds: 60 },
    });
    expect((await member.post('/api/zones/a2/stop')).statusCode).toBe(202);
    expect((await member.post('/api/zones/zz/stop')).statusCode).toBe(404);
    valveClosed('b1');
    expect((await member.post('/api/zones/b1/open', { durationSeconds: 1801 })).statusCode).toBe(409);
    for (const durationSeconds of ['60', true, null, [60], -1, 1.5]) {
      expect((await member.post('/api/zones/b1/open', { durationSeconds })).statusCode).toBe(400);
    }
    expect((await member.post('/api/zones/b1/open', {})).statusCode).toBe(400);
  });

  it('records a harvest in the journal, under the account, from the start of its season', async () => {
    await gateway.records.appendRecord(layoutRecord(gateway.parts.layout.farm, 1_700_000_000_000));
    const member = await gateway.as('member');
    const answer = await member.post('/api/harvests', { plot: 'plot-a', quantityKg: 1250.5 });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({
      harvestId: expect.any(String),
      entryNumber: gateway.records.all.length,
    });
    expect(gateway.records.all.at(-1)).toMatchObject({
      kind: 'harvest',
      quantityKg: 1250.5,
      seasonStartedAtMs: 1_700_000_000_000,
      recordedBy: expect.stringMatching(/^\w{8,}$/),
    });
    expect((await member.post('/api/harvests', { plot: 'plot-z', quantityKg: 1 })).statusCode).toBe(400);
    expect((await member.post('/api/harvests', { plot: 'plot-a', quantityKg: -1 })).statusCode).toBe(400);
  });

  it('acknowledges an alarm by name', async () => {
    gateway.alarms.raise('a3', 'high', { key: 'valve_silent', figures: {} });
    const technician = await gateway.as('technician');
    const [alarm] = (await technician.get('/api/alarms')).json().alarms;
    const answer = await technician.post(`/api/alarms/${alarm.alarmId}/acknowledge`);
    expect(answer.json().alarm).toMatchObject({ state: 'acknowledged', source: 'a3' });
    expect((await technician.post('/api/alarms/nothing/acknowledge')).statusCode).toBe(404);
  });

  it('issues a device its password once, and takes it back', async () => {
    const technician = await gateway.as('technician');
    const issued = await technician.post('/api/devices', { id: 'soil-x' });
    expect(issued.statusCode).toBe(201);
    const password = Buffer.from(issued.json().password);
    expect(gateway.parts.credentials).toHaveProperty('verify');
    expect(password.length).toBeGreaterThan(15);
    expect((await technician.post('/api/devices', { id: 'soil-x' })).statusCode).toBe(409);
    expect((await technician.post('/api/devices', { id: '#' })).statusCode).toBe(400);
    expect((await technician.get('/api/devices')).json().devices).toMatchObject([
      { id: 'soil-x', role: 'device', online: null, lastSeenAtMs: null },
    ]);
    expect((await technician.delete('/api/devices/soil-x')).statusCode).toBe(204);
    expect(gateway.disconnected).toEqual(['soil-x']);
    expect((await technician.delete('/api/devices/soil-x')).statusCode).toBe(404);
  });

  it('answers at once when the journal cannot write, instead of doing it some time later; stopping is never refused', async () => {
    const { parts, records } = gateway;
    const full = { healthy: false, reason: 'The disk is full: free some space.' } as const;
    const waiting = vi.spyOn(parts.journal, 'health').mockReturnValue(full);
    const before = records.all.length;
    const [technician, manager] = [await gateway.as('technician'), await gateway.as('manager')];
    const answers = await Promise.all([
      manager.post('/api/harvests', { plot: 'plot-a', quantityKg: 1 }),
      technician.post('/api/zones/a1/open', { durationSeconds: 60 }),
      technician.put('/api/mappings', { device: 'probe9', channel: 'x', metric: 'soil_moisture', unit: '%' }),
      technician.post('/api/clock', { utc: '2026-11-22T00:00:00Z' }),
    ]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503, 503, 503]);
    expect(answers[0]?.json().error).toEqual({
      kind: 'try_later',
      message: 'The journal cannot write, so nothing was done: The disk is full: free some space.',
    });
    expect(records.all.length).toBe(before);
    expect((await technician.post('/api/zones/a1/stop')).statusCode).not.toBe(503);
    waiting.mockRestore();
  });

  it('refuses a body that is too large', async () => {
    const member = await gateway.as('member');
    const answer = await member.post('/api/harvests', { plot: 'x'.repeat(70_000), quantityKg: 1 });
    expect(answer.statusCode).toBe(413);
    expect(answer.json().error.kind).toBe('your_input');
  });
});

describe('the pages', () => {
  it('say how to build the dashboard, load only themselves, and then show it', async () => {
    const before = await gateway.app.inject('/');
    expect(before.body).toContain('node dashboards/build.ts');
    expect(before.headers['content-security-policy']).toContain("default-src 'self'");
    expect(before.headers['strict-transport-security']).toBeUndefined();
    const folder = gateway.parts.dashboardDir;
    mkdirSync(join(folder, 'assets'), { recursive: true });
    writeFileSync(join(folder, 'index.html'), '<title>field</title>');
    writeFileSync(join(folder, 'assets/app-1a2b.js'), 'export {}');
    expect((await gateway.app.inject('/')).body).toBe('<title>field</title>');
    const script = await gateway.app.inject('/assets/app-1a2b.js');
    expect(script.headers['cache-control']).toContain('immutable');
    expect((await gateway.app.inject('/assets/../../secret.json')).statusCode).toBe(404);
    expect((await gateway.app.inject('/api/nothing')).json().error.kind).toBe('your_input');
  });
});

describe('machines', () => {
  it('learn from /readyz that something is wrong, but not the words of an error', async () => {
    const words = 'disk words of /home/farm';
    const healthy = { ...gateway.parts };
    const sick = {
      journal: { ...healthy.journal, health: () => ({ healthy: false, cause: 'full', reason: words }) },
      series: () => ({ store: 'influxdb', behindEntries: 9, lastOutcome: 'wait', reason: words }) as const,
      uplink: {
        state: () => ({
          ...healthy.uplink.state(),
          lastRefusal: { number: 4, kind: '', reason: words, atMs: 1 },
        }),
      },
    };
    Object.assign(gateway.parts, sick);
    try {
      const answer = await gateway.app.inject('/readyz');
      expect(answer.statusCode).toBe(503);
      expect(answer.json()).toEqual({
        ready: false,
        journal: { healthy: false, cause: 'full', bytes: 4_096, limitBytes: 1_048_576 },
        broker: { listening: true, connected: 2 },
        series: { store: 'influxdb', behindEntries: 9, lastOutcome: 'wait' },
        uplink: { connected: false, durableUpTo: 0, behindEntries: 3, refused: true },
      });
      expect((await (await gateway.as('member')).get('/api/live')).json()).toMatchObject({
        journal: { cause: 'full', reason: words },
        series: { reason: words },
        uplink: { lastRefusal: { reason: words } },
      });
    } finally {
      Object.assign(gateway.parts, healthy);
    }
  });

  it('learn that it is ready, and its figures, on this machine only', async () => {
    expect((await gateway.app.inject('/readyz')).json()).toMatchObject({
      ready: true,
      series: { store: 'sqlite' },
      uplink: { connected: false },
    });
    const metrics = (await gateway.app.inject('/metrics')).body;
    expect(metrics).toContain('nongtin_uplink_behind_entries 3');
    expect(metrics).toContain('nongtin_journal_bytes 4096');
    expect(metrics).toContain('nongtin_journal_limit_bytes 1048576');
    expect(metrics).toContain('nongtin_journal_thinned_entries 0');
    expect(metrics).toContain('nongtin_ingest_total{counter="readings"} 7');
    const elsewhere = await gateway.app.inject({ url: '/metrics', remoteAddress: '192.168.1.9' });
    expect(elsewhere.statusCode).toBe(401);
  });
});
