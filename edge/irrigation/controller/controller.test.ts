import { quality } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import { closes, only, opens, testController } from './controller.suite.ts';

const request = { zone: 'a1', requestId: 'r1' } as const;

describe('after a start', () => {
  it('closes every valve, and decides nothing before each has said that it is closed', () => {
    const farm = testController();
    expect(closes(farm.actions)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    expect(only(farm.moisture(0.1), 'journal_intent')).toEqual([]);
    expect(farm.zone().decision.key).toBe('valve_unconfirmed');
    farm.valve({});
    expect(only(farm.wait(1), 'journal_intent')).toHaveLength(1);
  });

  it('asks a silent valve again, at once when it comes back, and says so after three times', () => {
    const farm = testController();
    for (let i = 0; i < 2; i++) expect(closes(farm.wait(30))).toContain('a1');
    expect(closes(farm.send({ kind: 'online', zone: 'a1' }))).toEqual(['a1']);
    expect(only(farm.wait(60), 'raise_alarm')[0]?.reason.key).toBe('valve_silent');
  });

  it('locks a zone whose valve stays open', () => {
    const farm = testController();
    farm.valve({ state: 'open', flowLitresPerMinute: 30 });
    expect(farm.zone().phase.name).toBe('unknown');
    farm.wait(31);
    farm.valve({ state: 'open', flowLitresPerMinute: 30, commandId: farm.lastCloseId() });
    expect(farm.zone().phase).toMatchObject({ name: 'locked', reason: { key: 'valve_does_not_close' } });
  });

  it('gives one that names no command a minute more, for its word may come late', () => {
    const farm = testController();
    for (let seconds = 0; seconds < 60; seconds += 20) {
      farm.valve({ state: 'open', flowLitresPerMinute: 30 });
      expect(farm.zone().phase.name).toBe('unknown');
      farm.wait(20);
    }
    farm.valve({ state: 'open', flowLitresPerMinute: 30 });
    expect(farm.zone().phase).toMatchObject({ name: 'locked', reason: { key: 'valve_does_not_close' } });
  });

  it('does not lock one that names its old opening: it has not heard us, and its own time ends it', () => {
    const farm = testController();
    for (let seconds = 0; seconds < 1_800; seconds += 20) {
      farm.valve({ state: 'open', flowLitresPerMinute: 30, commandId: 'old-7' });
      expect(farm.zone().phase.name).toBe('unknown');
      farm.wait(20);
    }
    for (let seconds = 0; seconds < 80; seconds += 20) {
      farm.valve({ state: 'open', flowLitresPerMinute: 30, commandId: 'old-7' });
      farm.wait(20);
    }
    expect(farm.zone().phase.name).toBe('locked');
  });

  it.each([
    ['is told of it', (farm: ReturnType<typeof testController>) => farm.send({ kind: 'online', zone: 'a1' })],
    ['is not', () => {}],
  ])(
    'tells a valve that comes back late and open at once, whether the gateway %s, and does not blame it before',
    (_whether, comesBack) => {
      const farm = testController();
      farm.wait(55);
      const told = () => closes(farm.actions).filter((zone) => zone === 'a1').length;
      const before = told();
      comesBack(farm);
      farm.valve({ state: 'open', flowLitresPerMinute: 30 });
      farm.wait(1);
      expect(told()).toBe(before + 1);
      for (let seconds = 0; seconds < 60; seconds += 20) {
        farm.valve({ state: 'open', flowLitresPerMinute: 30 });
        expect(farm.zone().phase.name).toBe('unknown');
        farm.wait(20);
      }
      farm.valve({ state: 'open', flowLitresPerMinute: 30 });
      expect(farm.zone().phase).toMatchObject({ name: 'locked', reason: { key: 'valve_does_not_close' } });
    },
  );

  it('keeps a zone locked that was locked before', () => {
    const locks = new Map([['a1', { key: 'no_flow', figures: {} }]]);
    const farm = testController({ restored: { locks } }).swept();
    farm.moisture(0.1);
    expect(farm.zone().phase.name).toBe('locked');
  });

  it('waits out the pause of a zone that was watered just before', () => {
    const farm = testController({ restored: { recentlyWatered: new Set(['a1']) } }).swept();
    farm.moisture(0.1);
    expect(farm.zone().decision.key).toBe('pause_between_runs');
  });
});

describe('watering by soil moisture', () => {
  it('opens with a lease once the intent is durable, and records litres from the counter', () => {
    const farm = testController().swept();
    const [intent] = only(farm.moisture(0.15), 'journal_intent');
    expect(intent?.record).toMatchObject({
      zone: 'a1',
      durationSeconds: 600,
      reason: { key: 'soil_dry', figures: { soilMoisture: 0.15, openBelow: 0.2, meterLitres: 1000 } },
    });
    expect(opens(farm.actions)).toEqual([]);

    const runId = farm.runId();
    expect(opens(farm.send({ kind: 'intent_durable', zone: 'a1', runId }))).toEqual([
      { zone: 'a1', id: runId, action: 'open', durationSeconds: 600 },
    ]);
    farm.valve({ state: 'open', commandId: runId, flowLitresPerMinute: 38 });
    farm.wait(600, -86_400);
    const [run] = only(farm.valve({ cause: 'lease_ended', totalLitres: 1379.6 }), 'journal_run');
    expect(run?.record).toMatchObject({
      outcome: 'completed',
      plannedSeconds: 600,
      actualSeconds: 600,
      plannedLitres: 380,
      measuredLitres: 379.6,
      soilMoistureBefore: 0.15,
    });
    expect((run?.record.endedAtMs ?? 0) - (run?.record.startedAtMs ?? 0)).toBe(600_000);
    expect(farm.zone().phase.name).toBe('idle');
  });

  it('leaves wet soil alone', () => {
    const farm = testController().swept();
    expect(only(farm.moisture(0.22), 'journal_intent')).toEqual([]);
    expect(farm.zone().decision).toEqual({
      key: 'soil_wet_enough',
      figures: { soilMoisture: 0.22, openBelow: 0.2, target: 0.25 },
    });
  });

  it.each([
    ['out of range', quality.outOfRange],
    ['late', quality.late],
    ['possibly a duplicate', quality.possibleDuplicate],
  ])('never uses a reading that is %s', (_name, flags) => {
    const farm = testController().swept();
    expect(only(farm.moisture(0.05, flags), 'journal_intent')).toEqual([]);
    expect(farm.zone().decision.key).toBe('no_reading');
  });

  it('does use a reading of a gateway whose UTC is uncertain', () => {
    expect(
      only(testController().swept().moisture(0.1, quality.clockUncertain), 'journal_intent'),
    ).toHaveLength(1);
  });

  it('does not water on a reading older than ten minutes, however dry', () => {
    const farm = testController();
    farm.moisture(0.1);
    farm.wait(601);
    farm.swept().wait(1);
    expect(farm.zone().decision.key).toBe('reading_stale');
    expect(only(farm.actions, 'journal_intent')).toEqual([]);
  });

  it('closes early when the target is reached', () => {
    const farm = testController();
    farm.watering();
    expect(closes(farm.moisture(0.26))).toEqual(['a1']);
    const [run] = only(farm.valve({ totalLitres: 1100 }), 'journal_run');
    expect(run?.record).toMatchObject({
      outcome: 'target_reached',
      measuredLitres: 100,
      soilMoistureAfter: 0.26,
    });
  });

  it('pauses between two runs of a zone', () => {
    const farm = testController();
    farm.watering();
    farm.wait(600);
    farm.valve({ cause: 'lease_ended' });
    farm.moisture(0.15);
    expect(farm.zone().decision.key).toBe('pause_between_runs');
    expect(only(farm.wait(121), 'journal_intent')).toHaveLength(1);
  });

  it('waters two zones at once, the third one waits its turn', () => {
    const farm = testController().swept();
    for (const zone of ['a1', 'a2', 'a3']) farm.moisture(0.1, 0, zone);
    expect(farm.zone('a2').phase.name).toBe('opening');
    expect(farm.zone('a3').decision.key).toBe('too_many_running');
  });

  it('gives no litres when the counter began anew', () => {
    const farm = testController();
    farm.watering();
    const [run] = only(farm.valve({ cause: 'lease_ended', totalLitres: 3 }), 'journal_run');
    expect(run?.record.measuredLitres).toBeNull();
  });

  it('does not open when the journal cannot hold the intent', () => {
    const farm = testController().swept();
    farm.moisture(0.1);
    const actions = farm.send({ kind: 'intent_failed', zone: 'a1', runId: farm.runId() });
    expect(only(actions, 'raise_alarm')[0]?.reason.key).toBe('journal_unavailable');
    expect(farm.zone().phase.name).toBe('idle');
  });

  it('does not open on an intent that took too long', () => {
    const farm = testController().swept();
    farm.moisture(0.1);
    const runId = farm.runId();
    farm.wait(31);
    expect(opens(farm.send({ kind: 'intent_durable', zone: 'a1', runId }))).toEqual([]);
    expect(only(farm.valve({}), 'journal_run')[0]?.record.outcome).toBe('stopped');
  });
});

describe('a valve that does not do as told', () => {
  it('is asked three times under one command id, then the run is no answer', () => {
    const farm = testController().swept();
    farm.moisture(0.1);
    const runId = farm.runId();
    farm.send({ kind: 'intent_durable', zone: 'a1', runId });
    farm.wait(30);
    farm.wait(30);
    expect(opens(farm.actions).map((open) => open.id)).toEqual([runId, runId, runId]);
    expect(only(farm.wait(30), 'raise_alarm')[0]?.reason.key).toBe('valve_no_answer');
    const [run] = only(farm.valve({}), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'no_answer', actualSeconds: 0, measuredLitres: 0 });
    expect(farm.zone().phase.name).toBe('idle');
  });

  it('is locked out when it opens and no water flows', () => {
    const farm = testController();
    farm.watering();
    farm.valve({ state: 'open', flowLitresPerMinute: 2 });
    farm.wait(31);
    const actions = farm.valve({ state: 'open', flowLitresPerMinute: 2 });
    expect(only(actions, 'raise_alarm')[0]).toMatchObject({
      severity: 'critical',
      reason: { key: 'no_flow' },
    });
    expect(closes(actions)).toEqual(['a1']);
    expect(only(farm.valve({}), 'journal_run')[0]?.record.outcome).toBe('no_flow');
    expect(farm.zone().phase.name).toBe('locked');
  });

  it('is locked out when far more water flows than it should', () => {
    const farm = testController();
    farm.watering();
    farm.valve({ state: 'open', flowLitresPerMinute: 120 });
    farm.wait(31);
    farm.valve({ state: 'open', flowLitresPerMinute: 120 });
    expect(only(farm.valve({}), 'journal_run')[0]?.record.outcome).toBe('leak');
    expect(farm.zone().phase).toMatchObject({ name: 'locked', reason: { key: 'flow_too_high' } });
  });

  it('is not blamed for silence: the lease ends the run', () => {
    const farm = testController();
    farm.watering();
    farm.valve({ state: 'open', flowLitresPerMinute: 0 });
    farm.wait(300);
    expect(farm.zone().phase.name).toBe('running');
    expect(only(farm.wait(331), 'raise_alarm')[0]?.reason.key).toBe('valve_past_lease');
    farm.wait(30);
    farm.wait(30);
    const [run] = only(farm.wait(30), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'no_answer', actualSeconds: null });
    expect(farm.zone().phase.name).toBe('unknown');
  });

  it('is locked out when it stays open after its lease', () => {
    const farm = testController();
    farm.watering();
    farm.wait(631);
    farm.wait(10);
    farm.valve({ state: 'open', flowLitresPerMinute: 38 });
    farm.wait(21);
    const still = { state: 'open', flowLitresPerMinute: 38, commandId: farm.lastCloseId() } as const;
    expect(only(farm.valve(still), 'raise_alarm')[0]?.reason.key).toBe('valve_does_not_close');
    expect(closes(farm.wait(31))).toContain('a1');
  });

  it('is locked out when water runs through it closed', () => {
    const farm = testController().swept();
    expect(closes(farm.valve({ flowLitresPerMinute: 5 }))).toEqual(['a1']);
    farm.moisture(0.1);
    expect(farm.zone().decision.key).toBe('leak_suspected');
    expect(only(farm.wait(31), 'raise_alarm')[0]?.reason).toEqual({
      key: 'leak',
      figures: { flowLitresPerMinute: 5 },
    });
    expect(farm.zone().phase.name).toBe('locked');
  });

  it('is closed when it opens by itself', () => {
    const farm = testController().swept();
    expect(closes(farm.valve({ state: 'open', flowLitresPerMinute: 38 }))).toEqual(['a1']);
    expect(farm.zone().phase.name).toBe('unknown');
  });

  it('is given real seconds to answer in time-lapse', () => {
    const farm = testController({ speed: 60 }).swept();
    farm.moisture(0.1);
    farm.send({ kind: 'intent_durable', zone: 'a1', runId: farm.runId() });
    farm.wait(4.9);
    expect(opens(farm.actions)).toHaveLength(1);
    farm.wait(0.2);
    expect(opens(farm.actions)).toHaveLength(2);
  });

  it.each(['lease_ended', 'periodic'] as const)(
    'has watered even if only its last word (%s) arrives',
    (cause) => {
      const farm = testController().swept();
      farm.moisture(0.1);
      const runId = farm.runId();
      farm.send({ kind: 'intent_durable', zone: 'a1', runId });
      farm.wait(25);
      const actions = farm.valve({ cause, commandId: runId, totalLitres: 1016 });
      expect(only(actions, 'journal_run')[0]?.record).toMatchObject({
        outcome: 'completed',
        measuredLitres: 16,
      });
    },
  );

  it('is told again, then alarms, when it has heard the opening and stays closed', () => {
    const farm = testController().swept();
    farm.moisture(0.1);
    const runId = farm.runId();
    farm.send({ kind: 'intent_durable', zone: 'a1', runId });
    for (let times = 0; times < 3; times++) {
      farm.valve({ cause: 'command', commandId: runId });
      expect(farm.zone().phase.name).toBe('opening');
      farm.wait(31);
    }
    expect(opens(farm.actions)).toHaveLength(3);
    expect(only(farm.actions, 'raise_alarm')[0]?.reason.key).toBe('valve_no_answer');
    const [run] = only(farm.valve({ cause: 'command' }), 'journal_run');
    expect(run?.record.outcome).toBe('no_answer');
  });

  it('has watered in full when it closes after its time, however late its word came that it is open', () => {
    const farm = testController().swept();
    farm.send({ kind: 'open', ...request, durationSeconds: 120 });
    const runId = farm.runId();
    farm.send({ kind: 'intent_durable', zone: 'a1', runId });
    farm.wait(9);
    farm.valve({ state: 'open', cause: 'command', commandId: runId, flowLitresPerMinute: 38 });
    farm.wait(112);
    // Its own word of the end of its lease was lost.
    const closed = { cause: 'periodic', commandId: runId, totalLitres: 1076 } as const;
    const [run] = only(farm.valve(closed), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'completed', measuredLitres: 76 });
  });

  it('that restarts in a run has cut it off', () => {
    const farm = testController();
    farm.watering();
    farm.wait(100);
    const [run] = only(farm.valve({ cause: 'boot', totalLitres: 1063 }), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'interrupted', actualSeconds: 100, measuredLitres: 63 });
  });
});
