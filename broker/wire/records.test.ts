import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, encodeRecord, isRecordPayload, type JournalRecord, parseRecord } from './index.ts';

const atMs = fc.integer({ min: 0, max: 4_102_444_800_000 });
const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const figure = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);
const reason = fc.record({
  key: text,
  // No prototype of its own is part of the record; a plain object is what JSON gives back.
  figures: fc
    .array(fc.tuple(fc.stringMatching(/^[a-z][A-Za-z]{0,9}$/), figure))
    .map((pairs) => Object.fromEntries(pairs)),
});
const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
const maybe = fc.oneof(amount, fc.constant(null));

const id = fc.uuid({ version: 4 });
const settings = fc.record({
  openBelowFraction: amount,
  targetFraction: amount,
  runSeconds: amount,
  maxRunSeconds: amount,
});
const envelope = {
  id,
  issuedAtMs: atMs,
  expiresAtMs: atMs,
  issuedBy: fc.stringMatching(/^[A-Za-zĐđ ]{1,20}$/),
};

const anyRevision = fc.record({
  ...{
    revisionId: id,
    entryId: id,
    entryKind: fc.constant('harvest'),
    madeOn: fc.array(id, { maxLength: 3 }),
  },
  ...{ author: fc.stringMatching(/^[A-Za-z0-9]{1,20}$/), phoneAtMs: atMs, withdrawn: fc.boolean() },
  set: fc
    .array(fc.tuple(fc.stringMatching(/^[a-z][A-Za-z]{0,9}$/), fc.oneof(figure, fc.constant(null))))
    .map((pairs) => Object.fromEntries(pairs)),
  attach: fc.array(
    fc.record({
      sha256: fc.constant('ab'.repeat(32)),
      mediaType: fc.constant('image/jpeg'),
      sizeBytes: fc.nat().map((n) => n + 1),
    }),
    { maxLength: 2 },
  ),
  detach: fc.array(fc.constant('cd'.repeat(32)), { maxLength: 2 }),
});

const anyRecord: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ kind: fc.constant('boot'), atMs, gateway: text, publicKey: text, softwareVersion: text }),
  fc.record({
    kind: fc.constant('layout'),
    atMs,
    plots: fc.array(
      fc.record({
        id: text,
        name: text,
        crop: text,
        areaHectares: amount,
        zones: fc.array(fc.record({ id: text, name: text, devices: fc.array(text) }), { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
    farmDevices: fc.array(text),
  }),
  fc.record({
    kind: fc.constant('intent'),
    atMs,
    runId: text,
    zone: text,
    valve: text,
    durationSeconds: amount,
    reason,
  }),
  fc.record({
    kind: fc.constant('run'),
    runId: text,
    zone: text,
    valve: text,
    startedAtMs: atMs,
    endedAtMs: atMs,
    plannedSeconds: amount,
    actualSeconds: maybe,
    plannedLitres: amount,
    measuredLitres: maybe,
    soilMoistureBefore: maybe,
    soilMoistureAfter: maybe,
    outcome: fc.constantFrom(
      'completed',
      'target_reached',
      'stopped',
      'no_flow',
      'leak',
      'no_answer',
      'interrupted',
    ),
    reason,
  }),
  fc.record({
    kind: fc.constant('alarm'),
    alarmId: text,
    atMs,
    severity: fc.constantFrom('critical', 'high', 'low'),
    state: fc.constantFrom('active', 'acknowledged', 'cleared'),
    source: text,
    reason,
  }),
  fc.record({
    kind: fc.constant('quarantine'),
    atMs,
    device: text,
    topic: text,
    cause: text,
    detail: text,
    sizeBytes: fc.nat(),
    sha256: text,
    headBase64: text,
  }),
  fc.record({
    kind: fc.constant('harvest'),
    harvestId: text,
    atMs,
    plot: text,
    quantityKg: fc.double({ min: 0, minExcluded: true, max: 1e9, noNaN: true }),
    recordedBy: text,
    seasonStartedAtMs: atMs,
  }),
  fc.record({
    kind: fc.constant('placement'),
    atMs,
    device: text,
    action: fc.constantFrom('placed', 'renamed', 'replaced', 'retired'),
    name: text,
    recordedBy: text,
  }),
  fc.record({
    kind: fc.constant('wet_test'),
    testId: text,
    atMs,
    endedAtMs: atMs,
    zone: text,
    valve: text,
    address: text,
    outcome: fc.constantFrom('passed', 'failed', 'stopped', 'void', 'assumed'),
    leaseSeconds: amount,
    cutOffSeconds: amount,
    openedAfterSeconds: maybe,
    closedAfterSeconds: maybe,
    dryAfterSeconds: maybe,
    litres: maybe,
    flowLitresPerMinute: maybe,
    nominalLitresPerMinute: amount,
    findings: fc.array(reason, { maxLength: 3 }),
    recordedBy: text,
  }),
  fc.record({
    kind: fc.constant('remote_command'),
    atMs,
    command: fc.oneof(
      fc.record({
        ...{ ...envelope, kind: fc.constant('start_zone'), zone: fc.constant('a1') },
        durationSeconds: fc.integer({ min: 1, max: 14_400 }),
      }),
      fc.record({ ...envelope, kind: fc.constant('stop_all') }),
    ),
  }),
  fc.record({
    ...{ kind: fc.constant('remote_outcome'), commandId: id, atMs, reason },
    step: fc.constantFrom('accepted', 'started', 'finished', 'refused', 'expired', 'interrupted'),
    water: fc.record({
      ...{ runs: fc.nat(), plannedLitres: amount, measuredLitres: maybe, actualSeconds: maybe, ended: text },
    }),
  }),
  fc.record({
    ...{ kind: fc.constant('zone_settings'), atMs, zone: text, changedBy: text, commandId: id },
    ...{ before: settings, after: settings, farm: settings },
  }),
  fc.record({ kind: fc.constant('hands_off'), atMs, zone: text, holds: fc.boolean() }),
  fc.record({
    ...{ kind: fc.constant('weather_hour'), atMs, startMs: atMs, samples: fc.nat() },
    airTemperature: fc.option(fc.record({ min: amount, max: amount, mean: amount })),
    relativeHumidity: fc.option(fc.record({ min: amount, max: amount, mean: amount })),
    ...{ dewPoint: maybe, airPressure: maybe, windSpeed: maybe, solarRadiation: maybe, rain: maybe },
    gauges: fc.array(fc.record({ device: id, channel: text, countedMm: amount })),
  }),
  fc.record({
    ...{ kind: fc.constant('program_hold'), atMs, zone: fc.option(text), holds: fc.boolean(), by: text },
    untilMs: fc.option(fc.nat()),
  }),
  fc.record({
    ...{ kind: fc.constant('water_balance'), atMs, zone: text, date: text, stage: text },
    ...{ et0Mm: amount, et0Method: text, et0Reasons: fc.array(reason), kc: amount, ks: amount },
    ...{ etcMm: amount, etcActualMm: amount, rainMm: maybe, effectiveRainMm: amount, runoffMm: amount },
    ...{ measuredLitres: amount, unprovenLitres: amount, irrigationMm: amount, percolationMm: amount },
    ...{ correctedMm: amount, depletionMm: amount, rawMm: amount, tawMm: amount },
    ...{ rootDepthMetres: amount, surfaceDepletionMm: amount, isAssumed: fc.boolean() },
    ...{ isFromProbe: fc.boolean(), setBy: text },
    wettedFraction: amount,
    probe: fc.option(
      fc.record({
        ...{ doubt: fc.constantFrom('flat', 'drifts', null), days: fc.nat(), varianceMm2: amount },
        last: fc.record({ date: text, soilMoisture: amount, modelMoisture: amount }),
        flat: fc.record({ since: text, soilMoisture: amount, modelLow: amount, modelHigh: amount }),
        ...{ jumps: amount, correctedMm: amount, movedMm: amount },
      }),
    ),
  }),
  fc.record({ kind: fc.constant('diary_revision'), atMs, revision: anyRevision }),
) as fc.Arbitrary<JournalRecord>;

describe('a journal record', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(parseRecord(encodeRecord(record))).toEqual(record);
      }),
    );
  });

  it('has one spelling, whatever order its fields came in', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const reversed = Object.fromEntries(Object.entries(record).reverse());
        expect(canonicalJson(reversed)).toBe(encodeRecord(record));
      }),
    );
  });

  it('can be told from readings by its first character', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(isRecordPayload(encodeRecord(record))).toBe(true);
      }),
    );
    expect(isRecordPayload('temperature,device=a value=1,quality=0i,received=1i 1')).toBe(false);
    expect(isRecordPayload('')).toBe(false);
  });

  it.each(['', '{', 'null', '[]', '{}', '{"kind":"unknown"}', '{"kind":"boot"}'])('is not %j', (payload) => {
    expect(() => parseRecord(payload)).toThrow(SyntaxError);
  });

  it('cannot hold what JSON cannot hold', () => {
    expect(() => canonicalJson(Number.NaN)).toThrow();
    expect(() => canonicalJson({ a: Number.POSITIVE_INFINITY })).toThrow();
    expect(() => canonicalJson(undefined)).toThrow(TypeError);
  });

  it('follows RFC 8785: keys by UTF-16 units, shortest numbers, no spaces', () => {
    const value = {
      '\u20ac': 1e21,
      '\r': 'Carriage Return',
      '1': [1 / 3, 1e30, 4.5, 2e-3, 1e-27],
      é: null,
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":[0.3333333333333333,1e+30,4.5,0.002,1e-27],"é":null,"€":1e+21}',
    );
  });
});
