import { type JournalRecord, quality, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { checkFarm, type Zone, zonesOf } from '../farm/layout.ts';
import { Irrigation } from './service.ts';

const [ownZone = expect.fail('the demo has zones')] = zonesOf(demoFarm());
const stated = { minFlowLitresPerMinute: 30, maxFlowLitresPerMinute: 45 };
const relay: Zone = {
  ...{ ...ownZone, id: 'n1', name: 'Nhà lưới', soilProbe: 'zigbee.Dat 1', runSeconds: 300 },
  valve: {
    ...{ family: 'tasmota', device: 'pump_house', output: 1, channel: 'POWER1' },
    flowMeter: { device: 'meter' },
  },
};

async function started(zones: readonly Zone[]) {
  // What stands in a farm file must pass its check.
  const [plot = expect.fail('the demo has plots')] = demoFarm().plots;
  checkFarm({ ...demoFarm(), plots: [{ ...plot, zones }], traps: [] }, 'farm.json');
  const sent: [topic: string, payload: string][] = [];
  const records: JournalRecord[] = [];
  const alarms: string[] = [];
  const clock = { ms: 1_000_000, nowMs: () => 1_800_000_000_000 + clock.ms, monotonicMs: () => clock.ms };
  const irrigation = new Irrigation({
    ...{ zones, speed: 1, clock, idPrefix: 'boot', logger: pino({ enabled: false }) },
    journal: {
      appendRecord: async (record) => records.push(record),
      records: async () => [],
    },
    publish: async (topic, payload) => void sent.push([topic, payload]),
    alarms: {
      raise: (_source, _severity, { key }) => void alarms.push(key),
      clear: () => {},
      list: () => [],
    },
    // As after a test with water that each of them has passed.
    wetTests: { readOnly: () => null, add: async () => {} },
    onZone: () => {},
    onRun: () => {},
  });
  await irrigation.start();
  onTestFinished(() => irrigation.stop());
  let numbers = 0;
  const reading = (
    metric: Reading['metric'],
    device: string,
    value: number,
    more: Partial<Reading> = {},
  ) => ({
    ...{ metric, device, channel: '', value, quality: 0, receivedAtMs: clock.nowMs() },
    timeNs: seriesTimeNs(clock.nowMs(), ++numbers),
    ...more,
  });
  return {
    irrigation,
    clock,
    records,
    alarms,
    /** What was published since the last time this was asked. */
    sent: () => sent.splice(0),
    /** The readings of one message. */
    says: (...readings: Reading[]) => irrigation.onReadings(readings),
    reading,
    relaySays: (open: boolean) =>
      irrigation.onReadings([reading('valve_open', 'pump_house', Number(open), { channel: 'POWER1' })]),
    later: (seconds: number) => {
      clock.ms += seconds * 1000;
    },
    zone: (id = zones[0]?.id) =>
      irrigation.zones().find((zone) => zone.id === id) ?? expect.fail('no such zone'),
  };
}

const state = (open: boolean, flow: number, more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      ...{ state: open ? 'open' : 'closed', cause: 'periodic', flowLitresPerMinute: flow },
      ...{ totalLitres: 5, ...more },
    }),
  );
const ownTopic = 'nongtin/v1/valve-a1/valve/state';
const ownCommand = 'nongtin/v1/valve-a1/valve/command';

it('sends the closing in the same turn in which the out-of-band flow arrives', async () => {
  const farm = await started([{ ...ownZone, ...stated }]);
  farm.irrigation.onMessage(ownTopic, state(false, 0));
  await farm.irrigation.request('a1', { kind: 'open', durationSeconds: 600 });
  await Promise.resolve();
  farm.irrigation.onMessage(ownTopic, state(true, 38));
  farm.later(31);
  farm.sent();
  farm.irrigation.onMessage(ownTopic, state(true, 46));
  // No await between the message and this.
  expect(farm.sent()).toEqual([[ownCommand, expect.stringContaining('"action":"close"')]]);
  expect(farm.alarms).toEqual(['flow_too_high']);
});

it('closes and provisions a relay of another family at the start, and again when it comes back', async () => {
  const farm = await started([relay]);
  const first = [
    ['cmnd/pump_house/Power1', 'OFF'],
    ['cmnd/pump_house/Backlog0', 'PowerOnState 0;PulseTime1 1900'],
  ];
  expect(farm.sent()).toEqual(first);
  farm.irrigation.onStatus('pump_house', true);
  expect(farm.sent()).toEqual(first);
  farm.irrigation.onStatus('someone', true);
  expect(farm.sent()).toEqual([]);
});

/** A run of the relay that has begun, its meter counting from 1000 litres. */
async function watering() {
  const farm = await started([relay]);
  farm.relaySays(false);
  farm.says(farm.reading('flow', 'meter', 0), farm.reading('volume', 'meter', 1000));
  farm.sent();
  farm.says(farm.reading('soil_moisture', 'zigbee.Dat 1', 0.1));
  expect(farm.records).toMatchObject([{ kind: 'intent', valve: 'pump_house/1', durationSeconds: 300 }]);
  // Nothing opens before its intent is durable.
  expect(farm.sent()).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(farm.sent()).toEqual([['cmnd/pump_house/Backlog0', 'PulseTime1 400;Power1 ON']]);
  farm.relaySays(true);
  expect(farm.zone().phase.name).toBe('proving');
  return farm;
}

it('waters with a relay and a meter of another device, and records what the meter counted', async () => {
  const farm = await watering();
  farm.later(20);
  farm.says(farm.reading('flow', 'meter', 37));
  expect(farm.zone().phase).toMatchObject({ name: 'running', oddFlow: null });
  farm.later(279);
  farm.says(farm.reading('volume', 'meter', 1183));
  // Its own clock began a little before its answer came.
  farm.relaySays(false);
  expect(farm.zone().phase.name).toBe('leak_testing');
  // What has drained through the meter is the run's.
  farm.later(20);
  farm.says(farm.reading('volume', 'meter', 1185), farm.reading('flow', 'meter', 0));
  expect(farm.records.at(-1)).toMatchObject({
    ...{ kind: 'run', outcome: 'completed', actualSeconds: 299, measuredLitres: 185, proof: 'metered' },
  });
  expect(farm.zone().phase.name).toBe('idle');
});

it('closes at once when the meter of another family says that the flow is out of the stated band', async () => {
  const farm = await started([{ ...relay, ...stated }]);
  farm.relaySays(false);
  await farm.irrigation.request('n1', { kind: 'open', durationSeconds: 120 });
  await Promise.resolve();
  farm.relaySays(true);
  farm.later(31);
  farm.sent();
  farm.says(farm.reading('flow', 'meter', 12, { quality: quality.jump }));
  expect(farm.sent(), 'a flagged reading decides nothing').toEqual([]);
  farm.says(farm.reading('flow', 'meter', 12));
  expect(farm.sent()).toEqual([['cmnd/pump_house/Power1', 'OFF']]);
  expect(farm.alarms).toEqual(['no_flow']);
});

it('asks a silent relay only for the time that is left', async () => {
  const farm = await started([relay]);
  farm.relaySays(false);
  await farm.irrigation.request('n1', { kind: 'open', durationSeconds: 40 });
  await Promise.resolve();
  expect(farm.sent().at(-1)).toEqual(['cmnd/pump_house/Backlog0', 'PulseTime1 140;Power1 ON']);
  farm.later(30);
  await expect.poll(() => farm.sent()).toEqual([['cmnd/pump_house/Backlog0', 'PulseTime1 100;Power1 ON']]);
  farm.later(30);
  await expect.poll(() => farm.sent()).toEqual([['cmnd/pump_house/Power1', 'OFF']]);
});

it('tells a relay that has gone on saying ON to close when the time is over', async () => {
  const farm = await watering();
  farm.later(20);
  farm.says(farm.reading('flow', 'meter', 38));
  farm.later(280);
  await expect.poll(() => farm.sent()).toEqual([['cmnd/pump_house/Power1', 'OFF']]);
  expect(farm.alarms).toEqual([]);
  farm.relaySays(false);
  farm.says(farm.reading('flow', 'meter', 0));
  expect(farm.records.at(-1)).toMatchObject({ kind: 'run', outcome: 'completed' });
});

it('gives a meter that says nothing no faith', async () => {
  const farm = await started([{ ...relay, runSeconds: 1200 }]);
  farm.relaySays(false);
  await farm.irrigation.request('n1', { kind: 'open', durationSeconds: 1200 });
  await Promise.resolve();
  farm.relaySays(true);
  farm.later(299);
  farm.relaySays(true);
  expect(farm.alarms).toEqual([]);
  farm.later(2);
  farm.relaySays(true);
  expect(farm.alarms).toEqual(['meter_silent']);
});

it('leaves another output of the same device alone', async () => {
  const farm = await watering();
  farm.says(farm.reading('valve_open', 'pump_house', 0, { channel: 'POWER2' }));
  expect(farm.zone().phase.name).toBe('proving');
});

it('closes what is open when it stops, in the words of its family', async () => {
  const farm = await watering();
  await farm.irrigation.stop();
  expect(farm.sent()).toEqual([['cmnd/pump_house/Power1', 'OFF']]);
});

it('never waters two zones behind one meter together, and takes the water of one for no leak of the other', async () => {
  const other: Zone = {
    ...{ ...relay, id: 'n2', soilProbe: 'soil-n2' },
    valve: { family: 'tasmota', device: 'pump_house', output: 2, flowMeter: { device: 'meter' } },
  };
  const farm = await started([relay, other]);
  farm.relaySays(false);
  farm.says(farm.reading('valve_open', 'pump_house', 0, { channel: 'POWER2' }));
  await farm.irrigation.request('n1', { kind: 'open', durationSeconds: 300 });
  await Promise.resolve();
  farm.relaySays(true);
  expect(await farm.irrigation.request('n2', { kind: 'open', durationSeconds: 60 })).toMatchObject({
    accepted: false,
    reason: { key: 'meter_taken', figures: { zone: 'n1' } },
  });
  farm.later(100);
  farm.says(farm.reading('flow', 'meter', 38));
  expect(farm.zone('n2')).toMatchObject({ leakSince: null, phase: { name: 'idle' } });
});

describe('a farm that is laid out anew while a zone is watered', () => {
  const other = zonesOf(demoFarm())[1] ?? expect.fail('the demo has two zones');

  async function watering() {
    const farm = await started([ownZone]);
    farm.irrigation.onMessage(ownTopic, state(false, 0));
    await farm.irrigation.request('a1', { kind: 'open', durationSeconds: 600 });
    await Promise.resolve();
    farm.irrigation.onMessage(ownTopic, state(true, 38));
    expect(farm.zone().phase.name).toBe('running');
    farm.sent();
    return farm;
  }

  it('goes on with that run, and begins with the new valve as after a start: closed', async () => {
    const farm = await watering();
    farm.irrigation.setZones([{ ...ownZone, name: 'Khu khác', targetFraction: 0.3 }, other]);
    expect(farm.sent()).toEqual([
      ['nongtin/v1/valve-a2/valve/command', expect.stringContaining('"action":"close"')],
    ]);
    expect([farm.zone('a1').phase.name, farm.zone('a2').phase.name]).toEqual(['running', 'unknown']);
    farm.irrigation.onMessage(ownTopic, state(false, 0, { cause: 'lease_ended' }));
    expect(farm.records.at(-1)).toMatchObject({ kind: 'run', zone: 'a1', outcome: 'completed' });
  });

  it('holds no zone that is in the middle of something, and of those that rest lets none begin', async () => {
    const farm = await watering();
    expect(farm.irrigation.hold(['a1'])).toEqual({ zone: 'a1', state: 'running' });
    farm.irrigation.setZones([ownZone, other]);
    farm.irrigation.onMessage('nongtin/v1/valve-a2/valve/state', state(false, 0));
    const release = farm.irrigation.hold(['a2']);
    const ask = () => farm.irrigation.request('a2', { kind: 'open', durationSeconds: 60 });
    expect(await ask()).toMatchObject({ accepted: false, reason: { key: 'layout_changing' } });
    if (typeof release !== 'function') throw new Error('a2 was not held');
    release();
    expect(await ask()).toMatchObject({ accepted: true });
  });

  it('tells the valve of a zone that is gone to close, once more, and hears of it no longer', async () => {
    const farm = await started([ownZone, other]);
    farm.irrigation.onMessage('nongtin/v1/valve-a2/valve/state', state(false, 0));
    farm.sent();
    farm.irrigation.setZones([ownZone]);
    expect(farm.sent()).toEqual([
      ['nongtin/v1/valve-a2/valve/command', expect.stringContaining('"action":"close"')],
    ]);
    farm.irrigation.onMessage('nongtin/v1/valve-a2/valve/state', state(true, 38));
    expect(farm.sent()).toEqual([]);
    expect(farm.irrigation.zones().map(({ id }) => id)).toEqual(['a1']);
  });
});
