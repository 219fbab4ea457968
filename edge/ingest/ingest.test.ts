import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMetricName, quality } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { Mappings } from '../mapping/mapping.ts';
import { message, type Rig, startRig } from './testing/rig.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-ingest-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, String(++folders));

const NOW = Date.parse('2026-11-21T10:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();

async function started(folder = newFolder(), nowMs = NOW, mappings?: Mappings): Promise<Rig> {
  const rig = await startRig(folder, nowMs, undefined, mappings && { mappings });
  onTestFinished(() => rig.stop());
  return rig;
}

describe('a reading', () => {
  it('is seen by control before it is on the disk, acknowledged when it is, and then in the series store', async () => {
    const rig = await started();
    const acknowledged = rig.ingest.receive(message({ soil_moisture: 0.31 }));
    expect(rig.seen.readings).toMatchObject([
      { metric: 'soil_moisture', device: 'd1', value: 0.31, quality: 0 },
    ]);
    expect(rig.journal.lastNumber()).toBe(0);
    await acknowledged;
    expect(rig.journal.lastNumber()).toBe(1);
    await rig.delivered();
    expect(await rig.raw('d1', 'soil_moisture')).toEqual([{ atMs: NOW, value: 0.31, quality: 0 }]);
  });

  it('of a device whose battery is nearly empty is flagged, also when a person has said which field that is', async () => {
    const journal = { appendRecord: async () => 1, records: async () => [] };
    const mappings = new Mappings({ journal, clock: { nowMs: () => NOW } });
    const bat = { channel: 'bat', metric: 'battery', unit: '%', toChannel: '' };
    await mappings.set({ device: 'd1', ...bat, recordedBy: 'sáu' });
    const rig = await started(newFolder(), NOW, mappings);
    await rig.ingest.receive(message({ soil_ph: 6, bat: 9 }));
    expect(rig.seen.readings).toMatchObject([
      { metric: 'soil_ph', quality: quality.lowBattery },
      { metric: 'battery', channel: '', value: 9, quality: quality.lowBattery },
    ]);
  });

  it('of a Tasmota probe lands under its own time', async () => {
    const rig = await started();
    const payload = { Time: '2026-11-21T16:59:58', DS18B20: { Temperature: 24.1 } };
    await rig.ingest.receive(message(payload, { device: 'probe9', topic: 'tele/probe9/SENSOR' }));
    await rig.delivered();
    expect(await rig.raw('probe9', 'temperature', 'DS18B20')).toEqual([
      { atMs: NOW - 2_000, value: 24.1, quality: 0 },
    ]);
  });

  it.each([
    ['out of range', { soil_moisture: 1.4 }, NOW, quality.outOfRange],
    ['of 1970', { time: '1970-01-01T00:00:00Z', soil_moisture: 0.3 }, NOW, quality.deviceTimeInvalid],
    ['of a time nobody can read', { time: 'noon', soil_moisture: 0.3 }, NOW, quality.deviceTimeInvalid],
    ['of the future', { time: iso(NOW + 121_000), soil_moisture: 0.3 }, NOW, quality.fromFuture],
    ['slightly ahead', { time: iso(NOW + 60_000), soil_moisture: 0.3 }, NOW + 60_000, quality.good],
    ['that is late', { time: iso(NOW - 601_000), soil_moisture: 0.3 }, NOW - 601_000, quality.late],
  ])('%s is kept and flagged', async (_, payload, atMs, bits) => {
    const rig = await started();
    await rig.ingest.receive(message(payload));
    await rig.delivered();
    expect(await rig.raw('d1', 'soil_moisture')).toMatchObject([{ atMs, quality: bits }]);
    expect(rig.ingest.counters().flagged).toBe(bits === 0 ? 0 : 1);
  });

  it('that repeats the device’s time gets the receive time; another series of that time does not', async () => {
    const rig = await started();
    const time = iso(NOW - 5_000);
    await rig.ingest.receive(message({ time, soil_moisture: 0.3 }));
    await rig.ingest.receive(message({ time, soil_moisture: 0.4 }, { packetId: 2 }));
    await rig.ingest.receive(message({ time, soil_ec: 1 }, { packetId: 3 }));
    await rig.delivered();
    expect(await rig.raw('d1', 'soil_moisture')).toEqual([
      { atMs: NOW - 5_000, value: 0.3, quality: 0 },
      { atMs: NOW, value: 0.4, quality: quality.deviceTimeRepeated },
    ]);
    expect(await rig.raw('d1', 'soil_ec')).toEqual([{ atMs: NOW - 5_000, value: 1, quality: 0 }]);
  });
});

describe('what is no reading', () => {
  it('is quarantined durably, counted, and stops nothing', async () => {
    const rig = await started();
    await rig.ingest.receive(message('{"soil_moisture":0,3}'));
    await rig.ingest.receive(message(Buffer.alloc(1024 * 1024, 0xff), { packetId: 2 }));
    await rig.ingest.receive(message({ soil_moisture: 'dry' }, { packetId: 3 }));
    await rig.ingest.receive(message({ soil_moisture: 0.3 }, { packetId: 4 }));
    const records = await rig.journal.records('quarantine', 10);
    expect(records.map(({ cause, sizeBytes, device }) => [device, cause, sizeBytes])).toEqual([
      ['d1', 'no_reading', 23],
      ['d1', 'too_large', 1024 * 1024],
      ['d1', 'invalid_json', 21],
    ]);
    expect(Buffer.from(records[2]?.headBase64 ?? '', 'base64').toString()).toBe('{"soil_moisture":0,3}');
    expect(rig.seen.quarantined).toHaveLength(3);
    expect(rig.ingest.counters()).toMatchObject({ messages: 4, quarantined: 3, readings: 1 });
  });

  it('but stands beside readings is told once an hour, and the readings are kept', async () => {
    const rig = await started();
    await rig.ingest.receive(message({ soil_ph: 6, soil_moisture: 'wet', rain: '3 °C' }));
    await rig.ingest.receive(message({ soil_ph: 6.1, soil_moisture: 'dry' }, { packetId: 2 }));
    await rig.ingest.receive(message({ soil_ph: 6.2, soil_moisture: 'unknown' }, { packetId: 3 }));
    expect(rig.seen.readings.map(({ metric, value }) => [metric, value])).toEqual([
      ...[
        ['soil_ph', 6],
        ['raw', 3],
        ['soil_ph', 6.1],
        ['soil_ph', 6.2],
      ],
    ]);
    expect(await rig.journal.records('quarantine', 10)).toMatchObject([
      {
        cause: 'field_not_understood',
        detail: expect.stringMatching(
          /^1 field .* soil_moisture is 'wet'; the rest of the message was read$/,
        ),
      },
    ]);
    expect(rig.ingest.counters()).toMatchObject({ quarantined: 2, suppressed: 1, missing: 3, readings: 4 });
  });

  it.each([
    ['null', 'd1', 'nongtin/v1/d1/readings', '{"soil_moisture":null}', 1],
    ['a bare NaN', 'd1', 'nongtin/v1/d1/readings', '{"soil_moisture":NaN,"soil_ph":nan}', 2],
    ['NaN of ESPHome', 'd1', 'd1/sensor/dat/state', 'nan', 1],
    ['a word of Home Assistant', 'd1', 'd1/binary_sensor/cua/state', 'unavailable', 1],
    ['null of Tasmota', 'd1', 'tele/d1/SENSOR', '{"DS18B20":{"Id":"01","Temperature":null}}', 1],
    ['null of Shelly', 'd1', 'd1/status/temperature:100', '{"id":100,"tC":null,"tF":null}', 1],
    ['null of Zigbee2MQTT', 'd1.Probe 1', 'zigbee2mqtt/Probe 1', '{"temperature":null,"battery":null}', 0],
  ])(
    '%s means that the sensor has no value: the device was heard, and nothing is wrong',
    async (_what, device, topic, payload, missing) => {
      const rig = await started();
      await rig.ingest.receive(message(payload, { topic }));
      expect(rig.seen.silent).toEqual([[device, missing]]);
      expect(rig.ingest.counters()).toMatchObject({ messages: 1, missing, quarantined: 0, readings: 0 });
    },
  );

  it('of one sensor’s battery does not flag the other sensors of its gateway', async () => {
    const rig = await started();
    const flora = (name: string, battery: number) => ({ [name]: { Temperature: 25, Battery: battery } });
    const receive = (payload: object, packetId: number) =>
      rig.ingest.receive(message(payload, { topic: 'tele/d1/SENSOR', packetId }));
    await receive({ ...flora('Flora-1', 5), ...flora('Flora-2', 80) }, 1);
    await receive(flora('Flora-2', 81), 2);
    await receive(flora('Flora-1', 6), 3);
    const low = rig.seen.readings.map(({ channel, quality: bits }) => [channel, bits & quality.lowBattery]);
    expect(low.filter(([, bit]) => bit !== 0).map(([channel]) => channel)).toEqual(Array(4).fill('Flora-1'));
    expect(low).toHaveLength(8);
  });

  it('does not fill the disk: a hundred of a device an hour are kept, the rest is told by number', async () => {
    const rig = await started();
    const send = (device: string) => rig.ingest.receive(message('rubbish', { device }));
    await Promise.all(Array.from({ length: 350 }, () => send('mad')));
    await send('other');
    rig.clock.now += 3_600_000;
    await send('mad');
    const records = await rig.journal.records('quarantine', 1_000);
    expect(records.filter(({ device }) => device === 'mad')).toHaveLength(102);
    expect(records.find(({ cause }) => cause === 'suppressed')?.detail).toContain('250 more');
    expect(rig.ingest.counters()).toMatchObject({ quarantined: 352, suppressed: 250 });
    // Each of these is a line of the log, so the log is bounded like the quarantine.
    expect(rig.seen.quarantined).toHaveLength(103);
  });

  it('tells who is there, and leaves what is not for it', async () => {
    const rig = await started();
    await rig.ingest.receive(message('online', { topic: 'nongtin/v1/d1/status' }));
    await rig.ingest.receive(message('Offline', { topic: 'tele/d1/LWT' }));
    await rig.ingest.receive(message('{"Restart":1}', { topic: 'stat/d1/STATUS1' }));
    await rig.ingest.receive(message({ soil_moisture: 0.3 }, { identity: { id: 'x', role: 'controller' } }));
    expect(rig.seen.statuses).toEqual([
      ['d1', true],
      ['d1', false],
    ]);
    expect(rig.ingest.counters()).toMatchObject({ messages: 3, statuses: 2, ignored: 1, readings: 0 });
  });
});

describe('a resend', () => {
  const timed = { time: iso(NOW - 1_000), soil_moisture: 0.3 };
  const past = { time: iso(NOW - 3_600_000), soil_moisture: 0.3 };
  const counted = { Sequence_Number: 9, soil_moisture: 0.3 };
  const bare = { soil_moisture: 0.3 };
  const again = { dup: true };
  const otherPacket = { packetId: 77 };
  const elsewhere = { packetId: 77, connectionId: 'b' };
  const minutes = (count: number) => count * 60_000;

  it.each([
    ['with time', timed, {}, minutes(0), 'dropped'],
    ['with time, a new packet id', timed, otherPacket, minutes(5), 'dropped'],
    ['with time over another connection, an hour later', timed, elsewhere, minutes(60), 'dropped'],
    ['with time long past, over another connection', past, elsewhere, minutes(60), 'dropped'],
    ['with time long past and DUP', past, again, minutes(0), 'dropped'],
    ['with counter and DUP, an hour later', counted, again, minutes(60), 'dropped'],
    ['with counter over another connection', counted, elsewhere, minutes(1), 'dropped'],
    ['with counter over the same connection', counted, otherPacket, minutes(1), 'kept'],
    ['with counter, minutes later', counted, elsewhere, minutes(3), 'kept'],
    ['with nothing but DUP', bare, again, minutes(1), 'dropped'],
    ['with nothing but DUP, long after', bare, again, minutes(10), 'flagged'],
    ['with nothing, DUP, another packet id', bare, { ...again, ...otherPacket }, minutes(0), 'flagged'],
    ['with nothing, over another connection', bare, { connectionId: 'b' }, minutes(1), 'flagged'],
    ['with nothing, over the same connection', bare, {}, minutes(1), 'kept'],
  ])('%s', async (_, payload, part, later, fate) => {
    const rig = await started();
    await rig.ingest.receive(message(payload, { connectionId: 'a' }));
    rig.clock.now += later;
    await rig.ingest.receive(message(payload, { connectionId: 'a', ...part }));
    await rig.delivered();
    const points = await rig.raw('d1', 'soil_moisture');
    expect(points).toHaveLength(fate === 'dropped' ? 1 : 2);
    expect(rig.ingest.counters().duplicates).toBe(fate === 'dropped' ? 1 : 0);
    if (fate !== 'dropped') {
      expect(points.at(-1)?.quality).toBe(fate === 'flagged' ? quality.possibleDuplicate : 0);
    }
  });

  it('is not seen in a clock that stands still: each reading is kept, and flagged', async () => {
    const rig = await started();
    for (let count = 0; count < 3; count += 1) {
      await rig.ingest.receive(message(past, { connectionId: 'a', packetId: count + 1 }));
      rig.clock.now += 60_000;
    }
    await rig.delivered();
    const points = await rig.raw('d1', 'soil_moisture');
    expect(points).toHaveLength(3);
    expect(points.at(-1)?.quality).toBe(quality.late | quality.deviceTimeRepeated);
  });

  it('of a message that is not on the disk yet waits for that same commit', async () => {
    const rig = await started();
    const order: string[] = [];
    const first = rig.ingest.receive(message(counted)).then(() => order.push('first'));
    const second = rig.ingest.receive(message(counted, again)).then(() => order.push('second'));
    expect(order).toEqual([]);
    expect(rig.journal.waiting()).toBe(1);
    await Promise.all([first, second]);
    expect(rig.journal.lastNumber()).toBe(1);
    expect(rig.ingest.counters().duplicates).toBe(1);
  });

  it.each([
    ['with time', timed, {}],
    ['with counter', counted, {}],
    ['with DUP', bare, again],
    ['with QoS 2', bare, { qos: 2 as const }],
  ])('%s is known after a restart, however long the gateway was off', async (_, payload, part) => {
    const folder = newFolder();
    const before = await started(folder);
    await before.ingest.receive(message(payload));
    await before.stop();
    const after = await started(folder, NOW + minutes(90));
    await after.ingest.receive(message(payload, part));
    await after.ingest.receive(message({ ...payload, soil_moisture: 0.2 }, part));
    expect(after.ingest.counters()).toMatchObject({ duplicates: 1, readings: payload === counted ? 2 : 1 });
  });

  it('without any mark is kept and flagged when it comes just after a restart, under whatever client id', async () => {
    const folder = newFolder();
    const before = await started(folder);
    await before.ingest.receive(message(bare));
    await before.stop();
    const after = await started(folder);
    await after.ingest.receive(message(bare, { clientId: 'another', packetId: 5 }));
    after.clock.now += minutes(3);
    await after.ingest.receive(message(bare, { clientId: 'another', packetId: 6 }));
    await after.delivered();
    const qualities = (await after.raw('d1', 'soil_moisture')).map((point) => point.quality);
    expect(qualities).toEqual([0, quality.possibleDuplicate, 0]);
  });

  it('of a quiet device is known even after a busy one has sent seventy thousand messages', async () => {
    const rig = await started();
    await rig.ingest.receive(message(counted, { device: 'quiet' }));
    const busy: Promise<unknown>[] = [];
    for (let seq = 0; seq < 70_000; seq += 1) {
      busy.push(
        rig.ingest.receive(
          message(`{"seq":${seq},"number":1}`, { device: 'busy', packetId: 1 + (seq % 65_535) }),
        ),
      );
    }
    await Promise.all(busy);
    await rig.ingest.receive(message(counted, { device: 'quiet', dup: true }));
    expect(rig.ingest.counters().duplicates).toBe(1);
  });
});

describe('whatever mix arrives', () => {
  const hostile = fc.oneof(
    fc.json(),
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom(
      '{"soil_moisture":NaN}',
      '{',
      '[]',
      'null',
      '{"a":{"b":{"c":{"d":{"e":1}}}}}',
      '{"__proto__":1}',
      '{"raw":1,"":2}',
    ),
  );

  it('each valid reading is in the series store exactly once, under an identity of its own', async () => {
    const rig = await started();
    let next = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            hostile: fc.option(hostile, { nil: undefined }),
            device: fc.constantFrom('m1', 'm2', 'm3'),
            time: fc.constantFrom(undefined, iso(NOW), iso(NOW - 1), '1970-01-01T00:00:00Z', 'x'),
            resend: fc.constantFrom('no', 'no', 'dup', 'new id'),
            qos: fc.constantFrom(0, 1, 2),
          }),
          { maxLength: 40 },
        ),
        async (mix) => {
          const sent = new Map<string, Set<number>>();
          const acknowledged: Promise<unknown>[] = [];
          for (const { hostile: rubbish, device, time, resend, qos } of mix) {
            const packetId = qos === 0 ? undefined : 1 + (next % 65_000);
            const part = { device, qos: qos as 0 | 1 | 2, packetId };
            if (rubbish !== undefined) {
              acknowledged.push(rig.ingest.receive(message(rubbish, part)));
              continue;
            }
            next += 1;
            const payload = { seq: next, marker: next, ...(time === undefined ? {} : { time }) };
            acknowledged.push(rig.ingest.receive(message(payload, part)));
            if (resend !== 'no') {
              const second = resend === 'dup' ? { ...part, dup: true } : { ...part, packetId: 65_001 };
              acknowledged.push(rig.ingest.receive(message(payload, second)));
            }
            sent.set(device, (sent.get(device) ?? new Set()).add(next));
          }
          await Promise.all(acknowledged);
          await rig.delivered();
          for (const [device, markers] of sent) {
            const stored = (await rig.raw(device, 'raw', 'marker')).map(({ value }) => value);
            for (const marker of markers) expect(stored.filter((value) => value === marker)).toHaveLength(1);
          }
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
    const identities = rig.seen.readings.map(
      ({ metric, device, channel, timeNs }) => `${metric}|${device}|${channel}|${timeNs}`,
    );
    expect(new Set(identities).size).toBe(identities.length);
    expect(
      rig.seen.readings.every(({ metric, value }) => isMetricName(metric) && Number.isFinite(value)),
    ).toBe(true);
  });
});
