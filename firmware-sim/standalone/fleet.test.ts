import { isMetricName, metrics } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { TestBroker } from '../links/test-broker.suite.ts';
import { VirtualScheduler } from '../time/virtual-scheduler.ts';
import { demoScenario } from './demo-scenario.ts';
import { Fleet } from './fleet.ts';

const zoneNames = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2'];
const probes = ['weather', 'fert', 'trap-1', 'trap-2', 'ec-1', 'ec-2', 'ph-1'];
const sensors = [...zoneNames.map((zone) => `soil-${zone}`), ...probes];
const pumps = ['stock-a', 'stock-b', 'acid'].map((tank) => `dose-${tank}`);
const devices = [...sensors, ...zoneNames.map((zone) => `valve-${zone}`), ...pumps];
const passwords = Object.fromEntries([...devices, 'probe9'].map((device) => [device, `pw-${device}`]));
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function run(seed: number, speed: number, known: Record<string, string> = passwords) {
  const broker = new TestBroker();
  broker.passwords = passwords;
  await broker.start();
  stops.push(() => broker.stop());
  const time = new VirtualScheduler();
  const login = (username: string) => {
    const password = known[username];
    return password === undefined ? null : { username, password };
  };
  const scenario = demoScenario(time.nowMs(), speed);
  const fleet = new Fleet(
    { scenario, brokerUrl: broker.url, login, speed, seed },
    time,
    pino({ level: 'silent' }),
  );
  stops.push(() => fleet.stop());
  await fleet.start();
  const readings = (device: string) => broker.json(`nongtin/v1/${device}/readings`);
  const online = () => broker.heard.filter((message) => message.text === 'online').map(({ by }) => by);
  await broker.until(() => online().length === Object.keys(known).filter((name) => name !== 'probe9').length);
  return { broker, time, readings, online };
}

test('every device comes online under its own name; the probe people play with is left to them', async () => {
  const { online } = await run(1, 60);
  expect(online().toSorted()).toEqual(devices.toSorted());
});

test('a device without credentials is left out', async () => {
  const { online } = await run(1, 60, { weather: 'pw-weather' });
  expect(online()).toEqual(['weather']);
});

test('readings are metrics of the wire contract, within their ranges', async () => {
  const { broker, time, readings } = await run(1, 60);
  time.advance(60_000);
  await broker.until(() => sensors.every((device) => readings(device).length >= 2));
  for (const device of sensors) {
    for (const { time: at, seq: _seq, ...values } of readings(device)) {
      expect(at).toMatch(/^2026-03-10T01:0\d:\d\d\.\d{3}Z$/);
      for (const [name, value] of Object.entries(values)) {
        if (!isMetricName(name)) throw new Error(`${name} is no metric`);
        expect(value).toBeGreaterThanOrEqual(metrics[name].min);
        expect(value).toBeLessThanOrEqual(metrics[name].max);
      }
    }
  }
  expect(Object.keys(readings('weather')[0] ?? {})).toEqual(
    expect.arrayContaining(['air_temperature', 'relative_humidity', 'wind_speed', 'solar_radiation', 'rain']),
  );
});

test('a zone is thirsty from the first reading on, and dries while nobody waters it', async () => {
  const { broker, time, readings } = await run(1, 60);
  time.advance(5 * 60_000);
  await broker.until(() => readings('soil-a1').length >= 60);
  const moistures = readings('soil-a1').map((reading) => Number(reading.soil_moisture));
  expect(moistures[0]).toBeLessThan(0.2);
  expect(moistures.at(-1)).toBeLessThan((moistures[0] ?? 0) - 0.01);
});

test('the same seed tells the same story, another seed another one', async () => {
  const story = async (seed: number) => {
    const { broker, time, readings } = await run(seed, 60);
    time.advance(60_000);
    await broker.until(() => sensors.every((device) => readings(device).length >= 2));
    await broker.until(() => readings('soil-b3').length >= 12 && readings('weather').length >= 6);
    return sensors.map((device) => readings(device).slice(0, 2));
  };
  const first = await story(1);
  expect(await story(1)).toEqual(first);
  expect(await story(2)).not.toEqual(first);
});

test('at speed 1 the farm keeps the time of day outside', async () => {
  const { broker, time, readings } = await run(1, 1);
  time.advance(20_000);
  await broker.until(() => readings('weather').length >= 1);
  // 01:00 UTC is 08:00 in Bình Thuận: the sun is up, and not yet high.
  const radiation = Number(readings('weather')[0]?.solar_radiation);
  expect(radiation).toBeGreaterThan(150);
  expect(radiation).toBeLessThan(650);
});
