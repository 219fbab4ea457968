import { describe, expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { closes, only, opens, testController } from './controller.suite.ts';
import type { IntentRecord } from './types.ts';

const request = { zone: 'a1', requestId: 'r1' };

describe('a person', () => {
  it('waters for the time asked, even if the target is reached', () => {
    const farm = testController().swept();
    farm.moisture(0.24);
    const [answer] = only(farm.send({ kind: 'open', ...request, durationSeconds: 120 }), 'answer');
    expect(answer).toMatchObject({ accepted: true, reason: { key: 'manual_request' } });
    const runId = farm.runId();
    farm.send({ kind: 'intent_durable', zone: 'a1', runId });
    farm.valve({ state: 'open', commandId: runId, flowLitresPerMinute: 38 });
    expect(closes(farm.moisture(0.3))).toEqual([]);
  });

  it('cannot water longer than the limit, a locked zone, or before the valve is known', () => {
    const open = (farm: ReturnType<typeof testController>, durationSeconds = 60) =>
      only(farm.send({ kind: 'open', ...request, durationSeconds }), 'answer')[0];
    const farm = testController();
    expect(open(farm)).toMatchObject({ accepted: false, reason: { key: 'valve_unconfirmed' } });
    farm.swept();
    expect(open(farm, 1801)).toMatchObject({ accepted: false, reason: { key: 'duration_above_limit' } });
    const locks = new Map([['a1', { key: 'leak', figures: {} }]]);
    const locked = testController({ restored: { locks } }).swept();
    expect(open(locked)).toMatchObject({ accepted: false, reason: { key: 'zone_locked' } });
  });

  it('stops a run', () => {
    const farm = testController();
    farm.watering();
    expect(closes(farm.send({ kind: 'stop', ...request }))).toEqual(['a1']);
    expect(only(farm.valve({ totalLitres: 1010 }), 'journal_run')[0]?.record.outcome).toBe('stopped');
  });

  it('who has stopped a dry zone has time beside the open pipe before it is watered again', () => {
    const farm = testController();
    farm.watering();
    farm.send({ kind: 'stop', ...request });
    farm.valve({ totalLitres: 1010 });
    farm.wait(400);
    expect(opens(farm.moisture(0.15))).toEqual([]);
    expect(farm.zone().decision?.key).toBe('stopped_by_hand');
    expect(only(farm.wait(501), 'journal_intent')).toHaveLength(1);
  });

  it('unlocks a zone: its alarms clear and its valve is swept first', () => {
    const locks = new Map([['a1', { key: 'leak', figures: {} }]]);
    const farm = testController({ restored: { locks } });
    const actions = farm.send({ kind: 'unlock', ...request });
    expect(only(actions, 'clear_alarm').map((action) => action.key)).toContain('leak');
    expect(closes(actions)).toEqual(['a1']);
    expect(farm.zone().phase.name).toBe('unknown');
  });

  it('who has stopped it holds it back until the opening or unlocking of a person there is accepted', () => {
    const farm = testController({ programs: ['a1'] }).swept();
    farm.send({ kind: 'stop', ...request });
    const isHeldBack = () => farm.zone().stoppedByHandRealMs !== null;
    const answer = (...sent: Parameters<typeof farm.send>) => only(farm.send(...sent), 'answer')[0]?.accepted;
    expect([answer({ kind: 'open', ...request, durationSeconds: 999_999 }), isHeldBack()]).toEqual([
      false,
      true,
    ]);
    expect([answer({ kind: 'unlock', ...request }), isHeldBack()]).toEqual([false, true]);
    expect(only(farm.actions, 'journal_hands_off').map(({ record }) => record.holds)).toEqual([true]);
    expect([answer({ kind: 'open', ...request, durationSeconds: 60 }), isHeldBack()]).toEqual([true, false]);
    farm.send({ kind: 'stop', ...request });
    farm.valve({ flowLitresPerMinute: 38 });
    farm.wait(91);
    expect([farm.zone().phase.name, isHeldBack()]).toEqual(['locked', true]);
    expect([answer({ kind: 'unlock', ...request }), isHeldBack()]).toEqual([true, false]);
  });
});

describe('a run that a restart cut off', () => {
  const intent: IntentRecord = {
    kind: 'intent',
    atMs: 1_800_000_000_000 - 300_000,
    runId: 'before-1',
    zone: 'a1',
    valve: 'valve-a1',
    durationSeconds: 600,
    reason: { key: 'soil_dry', figures: { soilMoisture: 0.17, meterLitres: 900 } },
  };

  it('is recorded with what the meter has counted since', () => {
    const farm = testController({ restored: { interrupted: [intent] } });
    const [run] = only(farm.valve({ totalLitres: 1050 }), 'journal_run');
    expect(run?.record).toMatchObject({
      runId: 'before-1',
      outcome: 'interrupted',
      measuredLitres: 150,
      soilMoistureBefore: 0.17,
      actualSeconds: null,
    });
    expect(only(farm.valve({}), 'journal_run')).toEqual([]);
  });

  it('is recorded without litres when the valve never answers', () => {
    const farm = testController({ restored: { interrupted: [intent] } });
    expect(only(farm.wait(629), 'journal_run')).toEqual([]);
    expect(only(farm.wait(1), 'journal_run')[0]?.record).toMatchObject({
      outcome: 'interrupted',
      measuredLitres: null,
      endedAtMs: intent.atMs + 600_000,
    });
  });

  it('is not recorded before its valve, which hears only now and then, has closed by itself', () => {
    const valve = {
      family: 'chirpstack',
      ...{ application: '1', devEui: '00112233aabbccdd', fPort: 85 },
      ...{ open: 'ff1da000{seconds:u24le}', close: 'ff1d0000' },
      ...{ device: 'lora.a1', flowMeter: { device: 'lora.a1' } },
    } as const;
    const zones = zonesOf(demoFarm()).map((zone): Zone => ({ ...zone, valve }));
    const farm = testController({ zones, restored: { interrupted: [intent] } });
    expect(only(farm.wait(1_200), 'journal_run')).toEqual([]);
    const [run] = only(farm.valve({ totalLitres: 1_280 }), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'interrupted', measuredLitres: 380 });
  });
});
