import { quality, type ValveState } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { only, opens, testController } from './controller.suite.ts';
import { type Action, type IntentRecord, lockKeys } from './types.ts';

const zone = fc.constantFrom('a1', 'a2', 'b1');
const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.integer({ min: 0, max: 700 }),
      jump: fc.integer({ min: -90_000, max: 90_000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('moisture' as const),
      zone,
      value: fc.constantFrom(0.05, 0.18, 0.22, 0.3, -1),
      quality: fc.constantFrom(quality.good, quality.good, quality.late, quality.outOfRange),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('valve' as const),
      zone,
      state: fc.constantFrom('open' as const, 'closed' as const, 'closed' as const),
      cause: fc.constantFrom<ValveState['cause']>('command', 'lease_ended', 'boot', 'periodic'),
      openFlow: fc.constantFrom(38, 38, 38, 38, 0, 2, 200, null),
      closedFlow: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 12, null),
      litres: fc.integer({ min: 0, max: 5000 }),
      named: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('durable' as const), zone }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('failed' as const), zone }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('stop' as const, 'unlock' as const, 'online' as const),
      zone,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      zone,
      seconds: fc.integer({ min: -5, max: 4000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('test' as const), zone }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Scripted = typeof event extends fc.Arbitrary<infer E> ? E : never;

/** Its valve has never been tested with water. */
const UNTESTED = 'b1';

/** The controller with a journal that survives its restarts, and a judge that watches every action. */
class Farm {
  boots = 0;
  farm: ReturnType<typeof testController>;
  readonly intended = new Map<string, IntentRecord>();
  readonly durable = new Map<string, IntentRecord>();
  readonly runs = new Set<string>();
  readonly tests = new Set<string>();
  readonly locked = new Set<string>();
  readonly openedIn = new Map<string, number>();
  readonly leaseEndMs = new Map<string, number>();
  readonly firstSentMs = new Map<string, number>();
  readonly speed: number;
  readonly zones: readonly Zone[];

  constructor(speed: number, zones: readonly Zone[]) {
    this.speed = speed;
    this.zones = zones;
    this.farm = this.boot();
  }

  boot() {
    const interrupted = [...this.durable.values()].filter((intent) => !this.runs.has(intent.runId));
    const locks = new Map([...this.locked].map((id) => [id, { key: 'leak', figures: {} }] as const));
    this.farm = testController({
      speed: this.speed,
      zones: this.zones,
      untested: [UNTESTED],
      idPrefix: `boot${++this.boots}`,
      restored: { interrupted, locks },
    });
    this.judge(this.farm.actions);
    return this.farm;
  }

  judge(actions: readonly Action[]) {
    for (const { record } of only(actions, 'journal_intent')) this.intended.set(record.runId, record);
    for (const { record } of only(actions, 'journal_run')) {
      expect(this.runs.has(record.runId), `${record.runId} is recorded once`).toBe(false);
      this.runs.add(record.runId);
    }
    for (const { record } of only(actions, 'journal_wet_test')) {
      expect(this.tests.has(record.testId), `${record.testId} is recorded once`).toBe(false);
      this.tests.add(record.testId);
    }
    for (const open of opens(actions)) {
      // A renewal is an opening of the same run.
      const runId = open.id.replace(/~\d+$/, '');
      const isTest = this.durable.get(runId)?.reason.key === 'wet_test';
      expect(open.zone !== UNTESTED || isTest, 'an untested valve is opened by a test alone').toBe(true);
      expect(this.durable.has(runId), `${open.id} has a durable intent`).toBe(true);
      expect(open.durationSeconds).toBeGreaterThanOrEqual(1);
      expect(open.durationSeconds, 'no opening is longer than a lease').toBeLessThanOrEqual(900);
      expect(this.locked.has(open.zone), `${open.zone} is not locked`).toBe(false);
      // One decision, one id, one start of the gateway; a device takes an id once.
      expect(this.openedIn.get(runId) ?? this.boots).toBe(this.boots);
      expect(this.durable.get(runId)?.zone).toBe(open.zone);
      expect(this.runs.has(runId), `${runId} is not over`).toBe(false);
      this.openedIn.set(runId, this.boots);
      this.judgeLease(open);
    }
    for (const { zone: id, reason } of only(actions, 'raise_alarm'))
      if (lockKeys.includes(reason.key)) this.locked.add(id);
    const watering = Object.values(this.farm?.state.zones ?? {}).filter(({ phase }) => 'run' in phase);
    expect(watering.filter(({ phase }) => phase.name !== 'leak_testing').length).toBeLessThanOrEqual(2);
    const testing = watering.filter(({ phase }) => phase.name === 'testing');
    expect(testing.length, 'one wet test at a time').toBeLessThanOrEqual(1);
    const meters = watering.map(({ id }) => this.farm.config.zones.find((layout) => layout.id === id)?.meter);
    expect(new Set(meters).size, 'one run at a time behind a meter').toBe(meters.length);
  }

  /** A device that takes each opening for a new one is open no longer than it was asked to at first, or than the limit. */
  judgeLease({ id, zone: zoneId, durationSeconds }: ReturnType<typeof opens>[number]) {
    const endMs = this.farm.now.farmMs + durationSeconds * 1000;
    const runId = id.replace(/~\d+$/, '');
    const isRenewal = runId !== id;
    const limitMs = (this.firstSentMs.get(runId) ?? this.farm.now.farmMs) + 1_800_000;
    this.firstSentMs.set(runId, this.firstSentMs.get(runId) ?? this.farm.now.farmMs);
    if (isRenewal) expect(endMs, 'a renewal stays within the limit').toBeLessThanOrEqual(limitMs);
    const firstEndMs = this.leaseEndMs.get(id) ?? endMs;
    this.leaseEndMs.set(id, firstEndMs);
    const isForeign = this.farm.config.zones.find((layout) => layout.id === zoneId)?.foreign === true;
    if (isForeign && !isRenewal) expect(endMs).toBeLessThanOrEqual(firstEndMs);
  }

  play(scripted: Scripted) {
    if (scripted.do === 'restart') this.boot();
    else this.judge(this.actionsOf(scripted));
  }

  private actionsOf(e: Exclude<Scripted, { do: 'restart' }>): readonly Action[] {
    const { farm } = this;
    if (e.do === 'wait') return farm.wait(e.seconds / 10, e.jump);
    const { phase } = farm.zone(e.zone);
    const runId = 'run' in phase ? phase.run.runId : 'none';
    switch (e.do) {
      case 'moisture':
        return farm.moisture(e.value, e.quality, e.zone);
      case 'valve':
        return farm.valve(
          {
            state: e.state,
            cause: e.cause,
            flowLitresPerMinute: e.state === 'open' ? e.openFlow : e.closedFlow,
            totalLitres: e.litres,
            ...(e.named ? { commandId: runId } : {}),
          },
          e.zone,
        );
      case 'durable': {
        const intent = this.intended.get(runId);
        if (intent) this.durable.set(runId, intent);
        return farm.send({ kind: 'intent_durable', zone: e.zone, runId });
      }
      case 'failed':
        return farm.send({ kind: 'intent_failed', zone: e.zone, runId });
      case 'open':
        return farm.send({ kind: 'open', zone: e.zone, requestId: 'r', durationSeconds: e.seconds });
      case 'unlock':
        if (phase.name === 'locked') this.locked.delete(e.zone);
        return farm.send({ kind: 'unlock', zone: e.zone, requestId: 'r' });
      case 'test':
        return farm.send({ kind: 'test', zone: e.zone, requestId: 'r', startedBy: 'sau' });
      case 'stop':
        return farm.send({ kind: 'stop', zone: e.zone, requestId: 'r' });
      case 'online':
        return farm.send({ kind: 'online', zone: e.zone });
    }
  }
}

const ours = zonesOf(demoFarm());
/** Relays of another family; two of them behind one meter. */
const foreign = ours.map(
  (layout, index): Zone => ({
    ...{ ...layout, minFlowLitresPerMinute: 20, maxFlowLitresPerMinute: 60 },
    valve: { family: 'tasmota', device: `relay-${index}`, flowMeter: { device: `meter-${index >> 1}` } },
  }),
);

it.each([
  ['ours', 1, ours],
  ['ours', 60, ours],
  ['foreign', 1, foreign],
])(
  'opens only what is intended durably, within the limit, once, and never locked (valves %s, speed %i)',
  (_whose, speed, zones) => {
    let opened = 0;
    let tested = 0;
    fc.assert(
      fc.property(fc.array(event, { minLength: 20, maxLength: 250, size: 'max' }), (script) => {
        const farm = new Farm(speed, zones);
        for (const scripted of script) farm.play(scripted);
        opened += farm.openedIn.size;
        tested += farm.tests.size;
      }),
      { numRuns: 500 },
    );
    // The property must not hold merely because nothing ever opens.
    expect(opened).toBeGreaterThan(100);
    expect(tested).toBeGreaterThan(10);
  },
);
