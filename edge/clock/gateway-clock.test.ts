import { expect, it, onTestFinished } from 'vitest';
import { testFarm } from '../gateway.suite.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 21, 10);

/** No time passes unless the test says so. */
const stopped = { nowMs: () => NOW, monotonicMs: () => 60_000 };

it('starts without the time, and stores every reading at its true time once a person has told it', async () => {
  const farm = await testFarm({ NONGTIN_CLOCK: 'untrusted' }, stopped);
  onTestFinished(() => farm.close());
  const probe = await farm.device('soil-a1');
  await probe.publishAsync('nongtin/v1/soil-a1/readings', '{"soil_ph":6.25}', { qos: 1 });
  // A device whose clock is a year ahead hides nothing that comes after it.
  const yearAhead = new Date(NOW + 365 * DAY_MS).toISOString();
  const ahead = JSON.stringify({ time: yearAhead, soil_ec: 1 });
  await probe.publishAsync('nongtin/v1/soil-a1/readings', ahead, { qos: 1 });
  await probe.publishAsync('nongtin/v1/soil-a1/readings', '{"soil_ec":2}', { qos: 1 });
  const { devices } = await farm.get('/api/live');
  expect(devices.find(({ id }: { id: string }) => id === 'soil-a1').readings).toMatchObject([
    { metric: 'soil_ph', value: 6.25, quality: ['clockUncertain'] },
    { metric: 'soil_ec', value: 2, quality: ['clockUncertain'] },
  ]);
  const clockAlarm = async () =>
    (await farm.get('/api/alarms')).alarms.find(
      ({ reason }: { reason: { key: string } }) => reason.key === 'clock_untrusted',
    );
  expect(await clockAlarm()).toMatchObject({ state: 'active' });
  const clock = () => farm.get('/api/clock');
  await expect
    .poll(async () => (await clock()).undated, { timeout: 10_000 })
    .toMatchObject([{ readings: 3, entries: 3 }]);
  const stored = async () => (await farm.get('/api/readings?device=soil-a1&metric=soil_ph')).readings;
  expect(await stored()).toEqual([]);

  // The machine was ahead by a day, and nobody knew.
  const told = await farm.post('/api/clock', { utc: new Date(NOW - DAY_MS).toISOString() });
  expect(await told.json()).toMatchObject({ trusted: true, source: 'person', undated: [] });
  await expect.poll(stored, { timeout: 10_000 }).toMatchObject([{ value: 6.25, quality: [] }]);
  const [{ atMs }] = await stored();
  expect(atMs).toBe(NOW - DAY_MS);
  expect(await clockAlarm()).toMatchObject({ state: 'cleared' });
}, 60_000);

it('takes a wrong time back, and flags what it has dated', async () => {
  const farm = await testFarm({ NONGTIN_CLOCK: 'untrusted' }, stopped);
  onTestFinished(() => farm.close());
  // Signs in.
  expect(await farm.get('/api/clock')).toMatchObject({ trusted: false, told: null });
  const at = (ms: number) => ({ utc: new Date(NOW + ms).toISOString() });
  const refused = await farm.post('/api/clock', at(3_650 * DAY_MS));
  expect([refused.status, (await refused.json()).error.message]).toEqual([
    409,
    expect.stringContaining('days after'),
  ]);
  const waits = await (await farm.post('/api/clock', at(20 * DAY_MS))).json();
  expect(waits).toMatchObject({ trusted: false, told: { countsInSeconds: 600 } });
  expect(await (await farm.post('/api/clock', at(DAY_MS / 2))).json()).toMatchObject({
    trusted: true,
    told: null,
  });
  const probe = await farm.device('soil-a1');
  await probe.publishAsync('nongtin/v1/soil-a1/readings', '{"soil_ph":6.25}', { qos: 1 });
  const right = await (await farm.post('/api/clock', at(0))).json();
  expect(right.atMs).toBe(NOW);
  await probe.publishAsync('nongtin/v1/soil-a1/readings', '{"soil_ph":6.5}', { qos: 1 });
  const stored = async () => (await farm.get('/api/readings?device=soil-a1&metric=soil_ph')).readings;
  await expect.poll(stored, { timeout: 10_000 }).toMatchObject([
    { value: 6.25, quality: ['clockUncertain'] },
    { value: 6.5, quality: [] },
  ]);
}, 60_000);
