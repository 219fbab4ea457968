import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteSeries } from '@nongtin/series';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { linesOf } from './lines.ts';
import { readRecorded } from './recorded.ts';
import { replay } from './replay.ts';
import { inWords } from './words.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-replay-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
function fileOf(lines: readonly (object | string | Buffer)[], end = '\n'): string {
  const path = join(root, `log-${++files}.jsonl`);
  const bytes = lines.map((line) =>
    Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)),
  );
  writeFileSync(path, Buffer.concat(bytes.flatMap((line) => [line, Buffer.from(end)])));
  return path;
}
const options = {
  logger: pino({ enabled: false }),
  clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
};
const run = (lines: readonly (object | string)[], into?: string) =>
  replay({ ...options, file: fileOf(lines), into });
const at = (text: string) => Date.parse(text);

/** What a technician might send: our own format, Tasmota, a valve, a weather station, and everything that goes wrong. */
const log = [
  { topic: 'nongtin/v1/soil-a1/readings', payload: '{"soil_moisture":0.31}', time: '2026-11-20T01:00:00Z' },
  {
    topic: 'tele/probe9/SENSOR',
    payload: { Time: '2026-11-20T08:00:05', DS18B20: { Temperature: 24.1 } },
    time: at('2026-11-20T01:00:06Z'),
  },
  // As mosquitto_sub 2.0 prints it.
  '{"tst":"2026-11-20T01:00:10.467659Z+0000","topic":"nongtin/v1/soil-a1/readings","qos":0,"retain":0,"payloadlen":25,"payload":"{\\"soil_moisture\\":0.32,\\"x\\":7}"}'.replace(
    '"payloadlen":25',
    '"payloadlen":28',
  ),
  {
    topic: 'nongtin/v1/soil-a1/readings',
    payload: Buffer.from('{"soil_moisture":0.9}').toString('base64'),
    encoding: 'base64',
    time: '2026-11-20T08:01:00+07:00',
  },
  { topic: 'nongtin/v1/soil-a1/readings', payload: '{"soil_moisture":', time: '2026-11-20T01:02:00Z' },
  'not json at all',
  { topic: 'cmnd/probe9/POWER1', payload: 'ON', time: '2026-11-20T01:02:00Z' },
  { topic: 'nowhere', payload: '1', time: '2026-11-20T01:02:00Z' },
  { topic: 'nongtin/v1/weather/weather', payload: 'tempf=86&soilmoisture=35', time: '2026-11-20T01:03:00Z' },
  { topic: 'zigbee2mqtt/Đất 1', payload: '{"soil_moisture":41}', time: '2026-11-20T01:03:30Z' },
  { topic: 'nongtin/v1/soil-a1/status', payload: 'online', time: '2026-11-20T01:04:00Z' },
  { topic: 'nongtin/v1/soil-a1/readings', payload: '{"soil_moisture":0.33}' },
  { topic: 'nongtin/v1/soil-a1/readings', payload: '{"soil_moisture":0.3}', time: 'yesterday' },
];

describe('a recorded log', () => {
  it('gives exact series in the folder that is named', async () => {
    const into = join(root, 'kept');
    await run(log, into);
    expect(readdirSync(into)).toEqual(expect.arrayContaining(['journal.sqlite', 'series.sqlite']));
    const store = sqliteSeries({ path: join(into, 'series.sqlite') });
    await store.start();
    const raw = (device: string, metric: 'soil_moisture' | 'temperature' | 'air_temperature', channel = '') =>
      store.query({ device, metric, channel, fromMs: 0, toMs: 4e12, maxPoints: 100, aggregate: 'raw' });
    expect(await raw('soil-a1', 'soil_moisture')).toEqual([
      { atMs: at('2026-11-20T01:00:00Z'), value: 0.31, quality: 0 },
      { atMs: at('2026-11-20T01:00:10.467Z'), value: 0.32, quality: 0 },
      { atMs: at('2026-11-20T01:01:00Z'), value: 0.9, quality: expect.any(Number) },
      { atMs: at('2026-11-20T01:04:00Z'), value: 0.33, quality: expect.any(Number) },
    ]);
    expect(await raw('probe9', 'temperature', 'DS18B20')).toEqual([
      { atMs: at('2026-11-20T01:00:05Z'), value: 24.1, quality: 0 },
    ]);
    expect(await raw('weather', 'air_temperature')).toMatchObject([{ value: 30 }]);
    await store.stop();
  });

  it('is told: what was read, flagged, not mapped, quarantined and skipped, by line', async () => {
    const summary = await run(log);
    expect(summary).toMatchObject({
      ...{ lines: 13, messages: 9, quarantined: 1, statuses: 1, skippedLines: 2, into: null },
      unreadable: [{ line: 5, device: 'soil-a1', cause: 'invalid_json' }],
      skipped: [
        { line: 6, reason: 'no JSON object' },
        { line: 13, reason: expect.stringContaining('yesterday') },
      ],
      otherTopics: [
        { topic: 'cmnd/probe9/POWER1', count: 1, reason: 'command' },
        { topic: 'nowhere', count: 1, reason: 'unknown_topic' },
      ],
    });
    expect(summary.unmapped).toEqual(
      expect.arrayContaining([
        { device: 'soil-a1', field: 'x', count: 1, lastValue: 7 },
        { device: 'weather', field: 'soilmoisture', count: 1, lastValue: 35 },
      ]),
    );
    const soil = summary.devices.find(({ device }) => device === 'soil-a1');
    expect(soil?.series.find(({ metric }) => metric === 'soil_moisture')).toMatchObject({
      ...{ count: 4, min: 0.31, max: 0.9, last: 0.33, flags: { outOfRange: 1 } },
    });
    expect(summary.devices.map(({ device }) => device)).toContain('zigbee2mqtt.Đất 1');
    const words = inWords(summary);
    expect(words).toContain('line 5  soil-a1  nongtin/v1/soil-a1/readings  invalid_json: ');
    expect(words).toContain('line 6: no JSON object');
  });

  it('gives the same every time', async () => {
    const { file: _, ...one } = await run(log);
    const { file: __, ...other } = await run(log);
    expect(other).toEqual(one);
  });

  it('tells each of several unreadable messages of one size by its own line', async () => {
    const broken = (text: string) => ({
      topic: 'nongtin/v1/a/readings',
      payload: text,
      time: 1_790_000_000_000,
    });
    const { unreadable } = await run([broken('{x'), broken('{y'), broken('[1'), broken('{z')]);
    expect(unreadable.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  });

  it('may hold nothing', async () => {
    expect(await run([])).toMatchObject({ lines: 0, messages: 0, devices: [], firstAtMs: null });
    expect(await run(['{"topic":"nongtin/v1/a/readings","payload":"{}"}'])).toMatchObject({
      skipped: [{ line: 1, reason: 'neither it nor a line before it has a time' }],
    });
  });

  it('of more messages than are under way at once arrives whole, each once', async () => {
    const lines = Array.from({ length: 3_500 }, (_, n) => ({
      topic: `nongtin/v1/soil-${n % 7}/readings`,
      payload: JSON.stringify({ soil_temperature: 20 + (n % 10) / 100, seq: n, number: n }),
      time: 1_790_000_000_000 + n * 1_000,
    }));
    expect(await run(lines)).toMatchObject({ lines: 3_500, messages: 3_500, readings: 7_000, duplicates: 0 });
  });

  it('that cannot be read is refused in words, as is a folder that holds something', async () => {
    const none = replay({ ...options, file: join(root, 'none.jsonl') });
    await expect(none).rejects.toThrow(/There is no file .*none\.jsonl/);
    await expect(replay({ ...options, file: root })).rejects.toThrow(/is a folder/);
    const full = join(root, 'full');
    mkdirSync(join(full, 'something'), { recursive: true });
    await expect(replay({ ...options, file: fileOf([]), into: full })).rejects.toThrow(/full is not empty/);
  });
});

describe('a line', () => {
  it.each<[string, object | string, object]>([
    ['a number of seconds', { topic: 't', time: 1_790_000_000.25 }, { atMs: 1_790_000_000_250 }],
    ['a number of milliseconds', { topic: 't', time: 1_790_000_000_250 }, { atMs: 1_790_000_000_250 }],
    ['a payload that is a value', { topic: 't', payload: [1] }, { payload: Buffer.from('[1]') }],
    ['no payload', { topic: 't' }, { payload: new Uint8Array() }],
    ['retained, as Mosquitto says', { topic: 't', retain: 1, qos: 2 }, { retain: true, qos: 2 }],
    ['an identity', { topic: 't', identity: 'zigbee' }, { speaker: 'zigbee' }],
    ['a list', '[1]', { problem: 'no JSON object' }],
    ['no topic', { payload: 'x' }, { problem: 'it has no topic' }],
    ['no base64', { topic: 't', payload: '%%', encoding: 'base64' }, { problem: 'its payload is no base64' }],
    [
      'bytes that mosquitto_sub could not print',
      { topic: 't', payload: '', payloadlen: 3 },
      { problem: 'the recorder kept 0 of 3 bytes of its payload' },
    ],
    [
      'a payload that was left out',
      { topic: 't', payloadlen: 12 },
      { problem: 'the recorder kept 0 of 12 bytes of its payload' },
    ],
    [
      'a text that was JSON (%J)',
      { topic: 't', payload: 'ấm', payloadlen: 6 },
      { payload: Buffer.from('"ấm"') },
    ],
    [
      'a number that was written otherwise (%J)',
      { topic: 't', payload: 41.7, payloadlen: 5 },
      { payload: Buffer.from('41.7') },
    ],
    [
      "time, topic and payload (-F '%I %t %p')",
      '2026-11-22T04:45:34+0000 d1/sensor/a/state 41.70',
      { topic: 'd1/sensor/a/state', payload: Buffer.from('41.70'), atMs: at('2026-11-22T04:45:34Z') },
    ],
    [
      "seconds, a topic with spaces and JSON (-F '%U %t %p')",
      '1790000000.250000000 zigbee2mqtt/Van 1 {"state": "ON"}\r',
      { topic: 'zigbee2mqtt/Van 1', payload: Buffer.from('{"state": "ON"}'), atMs: 1_790_000_000_250 },
    ],
    ['no time (-v)', 'd1/sensor/a/state 41.70', { problem: expect.stringContaining('mosquitto_sub -F %j') }],
    ['fields of every object', '{"__proto__":{"topic":"t"}}', { problem: 'it has no topic' }],
  ])('with %s', (_name, line, expected) => {
    expect(readRecorded(typeof line === 'string' ? line : JSON.stringify(line))).toMatchObject(expected);
  });

  it('is read or refused, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((v) => JSON.stringify({ topic: 't', time: v, payload: v })),
        ),
        (text) => {
          const read = readRecorded(text);
          expect('problem' in read || read.payload instanceof Uint8Array).toBe(true);
        },
      ),
    );
  });
});

describe('lines of a file', () => {
  const all = async (path: string) => {
    const lines: (string | undefined)[] = [];
    for await (const { text } of linesOf(path)) lines.push(text);
    return lines;
  };

  it('are those between its newlines, wherever the pieces that are read end', async () => {
    const text = fc.array(
      fc.string({ maxLength: 60_000 }).map((line) => line.replaceAll(/[\n\uFEFF]/g, '').toWellFormed()),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(text, async (lines) => {
        expect(await all(fileOf(lines))).toEqual(lines);
      }),
      { numRuns: 30 },
    );
  });

  it('may lack the last newline, begin with a mark, or be too long to be read', async () => {
    const path = join(root, 'odd.jsonl');
    writeFileSync(
      path,
      Buffer.concat([Buffer.from('\uFEFFa\n'), Buffer.alloc(5 * 1024 * 1024, 0x78), Buffer.from('\nb')]),
    );
    expect(await all(path)).toEqual(['a', undefined, 'b']);
  });
});
