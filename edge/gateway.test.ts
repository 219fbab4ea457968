import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ValveCommand } from '@nongtin/broker/wire';
import { freePort } from '@nongtin/service';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testFarm } from './gateway.suite.ts';
import { Irrigation } from './irrigation/service.ts';

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 15_000, interval: 20 });
const sensor = 'tele/probe9/SENSOR';

describe('the gateway', () => {
  let farm: Awaited<ReturnType<typeof testFarm>>;
  beforeAll(async () => {
    farm = await testFarm();
  });
  afterAll(() => farm.close());

  it('brings a reading from MQTT to the event stream and the store in under a second', async () => {
    const events = await farm.follow();
    const probe = await farm.device('probe9');
    const publishedMs = performance.now();
    const time = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 19);
    const payload = JSON.stringify({ Time: time, DS18B20: { Temperature: 24.1 } });
    await probe.publishAsync(sensor, payload, { qos: 1 });
    await until(() => expect(events()).toContain('"value":24.1'));
    await vi.waitFor(
      async () =>
        expect((await farm.get('/api/readings?device=probe9')).readings).toMatchObject([
          { metric: 'temperature', value: 24.1, quality: [] },
        ]),
      { timeout: 1_000, interval: 20 },
    );
    expect(performance.now() - publishedMs).toBeLessThan(1_000);
    const live = await farm.get('/api/live');
    expect(live.devices.find(({ id }: { id: string }) => id === 'probe9')).toMatchObject({ online: true });
    expect(live.series).toMatchObject({ store: 'sqlite', lastOutcome: 'accepted' });
    expect(live.uplink).toMatchObject({ connected: false, durableUpTo: 0 });
  });

  it('shows what it refuses, flags or cannot read, and goes on', async () => {
    const probe = await farm.device('probe9');
    await probe.publishAsync(sensor, '{"Time":', { qos: 1 });
    await probe.publishAsync(sensor, '{"Time":"1970-01-01T00:00:10","DS18B20":{"Temperature":21.5}}', {
      qos: 1,
    });
    const { mqttPort } = farm.gateway().ports;
    const stranger = { username: 'probe9', password: 'wrong', reconnectPeriod: 0 };
    await expect(connectAsync(`mqtt://127.0.0.1:${mqttPort}`, stranger)).rejects.toThrow();
    await until(async () => expect((await farm.get('/api/live')).counters.refused).toBeGreaterThan(0));
    expect((await farm.get('/api/live')).refusals.at(-1)).toMatchObject({ cause: 'wrong_password' });
    await until(async () => {
      const { readings } = await farm.get('/api/readings?device=probe9&metric=temperature');
      expect(readings).toContainEqual(
        expect.objectContaining({ value: 21.5, quality: ['deviceTimeInvalid'] }),
      );
    });
    expect((await farm.get('/api/quarantine')).quarantine[0]).toMatchObject({
      device: 'probe9',
      topic: sensor,
    });
  });

  it('waters a dry zone by lease, believes the meter, and tells the reason', async () => {
    const events = await farm.follow();
    const valve = await farm.device('valve-a1');
    const state = (more: object) =>
      valve.publishAsync('nongtin/v1/valve-a1/valve/state', JSON.stringify({ cause: 'command', ...more }), {
        qos: 1,
      });
    const commands: ValveCommand[] = [];
    const isCommand = Compile(ValveCommand);
    valve.on('message', (_topic, payload) => {
      const command: unknown = JSON.parse(payload.toString());
      if (isCommand.Check(command)) commands.push(command);
    });
    await valve.subscribeAsync('nongtin/v1/valve-a1/valve/command', { qos: 1 });
    await valve.publishAsync('nongtin/v1/valve-a1/status', 'online', { qos: 1, retain: true });
    await until(() => expect(commands.at(-1)).toMatchObject({ action: 'close' }));
    await state({ state: 'closed', flowLitresPerMinute: 0, totalLitres: 1000 });

    const probe = await farm.device('soil-a1');
    await probe.publishAsync('nongtin/v1/soil-a1/readings', '{"soil_moisture":0.12,"seq":1}', { qos: 1 });
    await until(() => expect(commands.at(-1)).toMatchObject({ action: 'open', durationSeconds: 600 }));
    const commandId = commands.at(-1)?.id;
    await state({ state: 'open', commandId, flowLitresPerMinute: 38, totalLitres: 1000 });
    await until(async () => expect((await farm.get('/api/live')).zones[0].state).toBe('running'));
    const last = { commandId, flowLitresPerMinute: 0, totalLitres: 1037 };
    await state({ state: 'closed', ...last, cause: 'lease_ended' });
    await until(async () =>
      expect((await farm.get('/api/runs?zone=a1')).runs).toMatchObject([
        { outcome: 'completed', measuredLitres: 37, plannedLitres: 380, reason: { key: 'soil_dry' } },
      ]),
    );
    expect(events()).toContain('event: run');
    expect(events()).toContain('event: zone');
  });

  it('resumes after a restart, with one layout and everything that was stored', async () => {
    const before = await farm.get('/api/live');
    await farm.restart();
    const { readings } = await farm.get('/api/readings?device=probe9&metric=temperature');
    expect(readings.length).toBeGreaterThanOrEqual(2);
    const after = await farm.get('/api/live');
    // One boot entry, no second layout.
    expect(after.journal.lastNumber).toBe(before.journal.lastNumber + 1);
    expect((await farm.get('/api/runs')).runs).toHaveLength(1);
  });

  it('closes a valve that a restart left open, and records the run by what its meter says', async () => {
    const moist = await farm.device('soil-a2');
    const valve = await farm.device('valve-a2');
    const say = (client: typeof valve, more: object) =>
      client.publishAsync('nongtin/v1/valve-a2/valve/state', JSON.stringify({ cause: 'command', ...more }), {
        qos: 1,
      });
    await say(valve, { state: 'closed', flowLitresPerMinute: 0, totalLitres: 50 });
    await moist.publishAsync('nongtin/v1/soil-a2/readings', '{"soil_moisture":0.1,"seq":1}', { qos: 1 });
    await until(async () => expect((await farm.get('/api/live')).zones[1].state).toBe('opening'));
    // Nobody answers the opening, and the gateway goes down (stopping, it writes what waits for the disk).
    await farm.restart();

    const again = await farm.device('valve-a2');
    const told = new Promise<string>((resolve) =>
      again.once('message', (_topic, payload) => resolve(payload.toString())),
    );
    await again.subscribeAsync('nongtin/v1/valve-a2/valve/command', { qos: 1 });
    await again.publishAsync('nongtin/v1/valve-a2/status', 'online', { qos: 1, retain: true });
    expect(JSON.parse(await told)).toMatchObject({ action: 'close' });
    await say(again, { state: 'closed', flowLitresPerMinute: 0, totalLitres: 71.5 });
    await until(async () =>
      expect((await farm.get('/api/runs?zone=a2')).runs).toMatchObject([
        { outcome: 'interrupted', measuredLitres: 21.5, reason: { key: 'soil_dry' } },
      ]),
    );
  });

  it('says who holds the folder or the port', async () => {
    await expect(farm.build().start()).rejects.toThrow(/Another gateway already runs/);
    const other = await testFarm();
    const { httpPort, mqttPort } = other.gateway().ports;
    await farm.gateway().stop();
    const stopped = vi.spyOn(Irrigation.prototype, 'stop');
    for (const [name, port] of Object.entries({
      NONGTIN_GATEWAY_PORT: httpPort,
      NONGTIN_MQTT_PORT: mqttPort,
    })) {
      const refused = farm.build({ [name]: String(port) }).start();
      await expect(refused).rejects.toThrow(new RegExp(`Port ${port} is already in use.*${name}`));
      // What did start decides nothing any more.
      expect(stopped).toHaveBeenCalledOnce();
      stopped.mockClear();
    }
    stopped.mockRestore();
    await other.close();
  });

  it('names a database that is damaged, and does not complain of what it could not do for that', async () => {
    await farm.gateway().stop();
    const path = join(farm.dataDir, 'gateway', 'accounts.sqlite');
    const whole = readFileSync(path);
    writeFileSync(path, randomBytes(5_000));
    const told: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line) => told.push(line) });
    await expect(farm.build({}, logger).start()).rejects.toThrow(/accounts\.sqlite is damaged: restore it/);
    expect(told.filter((line) => !line.includes('uplink connects anew'))).toEqual([]);
    writeFileSync(path, whole);
  });
});

it('starts without its InfluxDB, and keeps the readings until it is there', async () => {
  const farm = await testFarm({ NONGTIN_INFLUX_URL: `http://127.0.0.1:${await freePort()}` });
  try {
    const probe = await farm.device('probe9');
    await probe.publishAsync('nongtin/v1/probe9/readings', '{"temperature":20,"seq":1}', { qos: 1 });
    await until(async () =>
      expect((await farm.get('/api/live')).series).toMatchObject({ store: 'influxdb', lastOutcome: 'wait' }),
    );
    expect((await farm.get('/api/live')).series.behindEntries).toBeGreaterThan(0);
  } finally {
    await farm.close();
  }
});

it('waits for no page that has asked something while it stops', async () => {
  const farm = await testFarm();
  await farm.get('/api/status');
  const asked = farm.get('/api/readings?device=weather');
  // A connection that was kept open would be waited for longer than a test may take.
  await farm.close();
  expect(await asked).toHaveProperty('readings');
});
