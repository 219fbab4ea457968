import { describe, expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { closes, only, testController } from './controller.suite.ts';

const request = { zone: 'a1', requestId: 'r1' } as const;
const open = { state: 'open', cause: 'periodic' } as const;

/** Zone a1 told to open for `seconds`, its valve not heard of yet. */
function opened(seconds = 600, zones?: readonly Zone[]) {
  const farm = testController(zones === undefined ? {} : { zones }).swept();
  farm.send({ kind: 'open', ...request, durationSeconds: seconds });
  const commandId = farm.runId();
  farm.send({ kind: 'intent_durable', zone: 'a1', runId: commandId });
  return { farm, commandId };
}

const relays = zonesOf(demoFarm()).map(
  (layout): Zone => ({
    ...layout,
    valve: { family: 'tasmota', device: `relay-${layout.id}`, flowMeter: { device: `meter-${layout.id}` } },
  }),
);
const unmetered = relays.map((layout) => ({
  ...layout,
  valve: { family: 'tasmota', device: `relay-${layout.id}`, flowMeter: null } as const,
}));

describe('an open valve', () => {
  it('is proven by the first flow in its band, and the record says by what', () => {
    const { farm, commandId } = opened();
    farm.valve({ ...open, commandId, flowLitresPerMinute: 0 });
    expect(farm.zone().phase.name).toBe('proving');
    farm.wait(10);
    farm.valve({ ...open, commandId, flowLitresPerMinute: 37, totalLitres: 1002 });
    expect(farm.zone().phase).toMatchObject({ name: 'running', proof: 'metered' });
    farm.wait(590);
    const [run] = only(farm.valve({ cause: 'lease_ended', commandId, totalLitres: 1365 }), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'completed', proof: 'metered', measuredLitres: 365 });
  });

  it('of which no water was ever seen has a record that claims no proof', () => {
    const { farm, commandId } = opened();
    farm.valve({ ...open, commandId, flowLitresPerMinute: 0 });
    farm.wait(31);
    farm.valve({ ...open, commandId, flowLitresPerMinute: 0 });
    const [run] = only(farm.valve({}), 'journal_run');
    expect(run?.record.outcome).toBe('no_flow');
    expect(run?.record).not.toHaveProperty('proof');
  });

  it('that nobody measures runs at once, and its record says that nothing proved it', () => {
    const { farm } = opened(600, unmetered);
    farm.valve({ ...open, flowLitresPerMinute: null, totalLitres: null });
    expect(farm.zone().phase).toMatchObject({ name: 'running', proof: 'unmetered' });
    farm.wait(600);
    const [run] = only(farm.valve({ flowLitresPerMinute: null, totalLitres: null }), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'completed', proof: 'unmetered' });
  });

  it('that has closed by itself, says its meter first, is not taken for one without water', () => {
    const stated = relays.map((zone): Zone => ({ ...zone, minFlowLitresPerMinute: 20 }));
    const { farm } = opened(600, stated);
    farm.valve({ ...open, flowLitresPerMinute: 38, totalLitres: 1_010 });
    for (const totalLitres of [1_137, 1_263]) {
      farm.wait(199);
      farm.valve({ ...open, flowLitresPerMinute: 38, totalLitres });
    }
    farm.wait(199);
    // The relay's word of its closing is still on its way.
    farm.valve({ ...open, flowLitresPerMinute: 0, totalLitres: 1_388 });
    farm.wait(4);
    farm.valve({ flowLitresPerMinute: 0, totalLitres: 1_388 });
    expect(only(farm.actions, 'journal_run')[0]?.record).toMatchObject({
      ...{ outcome: 'completed', measuredLitres: 388 },
    });
    expect(only(farm.actions, 'raise_alarm')).toEqual([]);
  });

  it('whose meter fell silent long before the end has no measured litres', () => {
    const { farm } = opened(1_200, relays);
    farm.valve({ ...open, flowLitresPerMinute: 38, totalLitres: 1_010 });
    farm.wait(1_201);
    const silent = { flowLitresPerMinute: null, totalLitres: 1_010 };
    farm.valve(silent);
    farm.wait(301);
    expect(only(farm.actions, 'journal_run')[0]?.record.measuredLitres).toBeNull();
  });

  it('through which too little runs does not lie, and what was counted before is not held against the meter', () => {
    const stated = zonesOf(demoFarm()).map((layout) => ({ ...layout, minFlowLitresPerMinute: 20 }));
    const { farm, commandId } = opened(600, stated);
    farm.valve({ ...open, commandId, flowLitresPerMinute: 37, totalLitres: 1_000 });
    farm.wait(60);
    farm.valve({ ...open, commandId, flowLitresPerMinute: 37, totalLitres: 1_037 });
    farm.wait(10);
    const actions = farm.valve({ ...open, commandId, flowLitresPerMinute: 9, totalLitres: 1_043 });
    expect(only(actions, 'raise_alarm')[0]?.reason.key).toBe('no_flow');
  });

  it.each([
    ['that never speaks', { flowLitresPerMinute: null, totalLitres: null }, 'meter_silent', 299],
    [
      'whose counter stands still while it tells flow',
      { flowLitresPerMinute: 38, totalLitres: 1000 },
      'meter_stuck',
      121,
    ],
  ])('behind a meter %s is closed, and it is the meter that is blamed', (_what, words, key, seconds) => {
    const { farm } = opened(600, relays);
    farm.valve({ ...open, ...words });
    farm.wait(seconds);
    farm.now = { ...farm.now, farmMs: farm.now.farmMs + 2_000, realMs: farm.now.realMs + 2_000 };
    const actions = farm.valve({ ...open, ...words });
    expect(closes(actions)).toEqual(['a1']);
    expect(only(actions, 'raise_alarm')[0]?.reason.key).toBe(key);
    const [run] = only(farm.valve({ flowLitresPerMinute: 0 }), 'journal_run');
    expect(run?.record.outcome).toBe('meter_failed');
    expect(farm.zone().phase).toMatchObject({ name: 'locked', reason: { key } });
  });

  describe('of which neither valve nor meter says anything any more', () => {
    const silent = { flowLitresPerMinute: null, totalLitres: null } as const;
    function fallenSilent(zones = relays) {
      const { farm } = opened(600, zones);
      farm.valve({ ...open, flowLitresPerMinute: 38, totalLitres: 1_010 });
      farm.wait(299);
      expect(closes(farm.actions).filter((zone) => zone === 'a1')).toHaveLength(1);
      return farm;
    }

    it('is closed, and locked for its dead meter when it answers', () => {
      const farm = fallenSilent();
      expect(closes(farm.wait(2))).toEqual(['a1']);
      const actions = farm.valve({ ...silent });
      expect(only(actions, 'raise_alarm')[0]).toMatchObject({
        ...{ zone: 'a1', severity: 'critical', reason: { key: 'meter_silent' } },
      });
      expect(only(actions, 'journal_run')[0]?.record).toMatchObject({
        ...{ outcome: 'meter_failed', measuredLitres: null },
      });
      expect(farm.zone().phase.name).toBe('locked');
    });

    it('is only told to be silent when it does not answer, also when its meter is heard again before it', () => {
      const farm = fallenSilent();
      for (let seconds = 0; seconds < 400; seconds += 31) farm.wait(31);
      const raised = only(farm.actions, 'raise_alarm').map(({ reason }) => reason.key);
      expect(new Set(raised)).toEqual(new Set(['valve_silent']));
      // The meter's word comes with what the valve said long ago.
      farm.valve({ ...open, isStateOld: true, flowLitresPerMinute: 0 });
      expect(farm.zone().phase.name).toBe('unknown');
      farm.valve({ ...silent });
      expect(farm.zone().phase.name).toBe('idle');
      expect(only(farm.actions, 'clear_alarm').map(({ key }) => key)).toContain('valve_silent');
    });

    it('goes on where its meter is known to speak seldom, or is the valve itself', () => {
      const behind = (flowMeter: { device: string; everySeconds?: number }) =>
        relays.map((layout): Zone => ({ ...layout, valve: { family: 'tasmota', device: 'box', flowMeter } }));
      const seldom = behind({ device: 'meter', everySeconds: 150 });
      const itself = behind({ device: 'box' });
      for (const zones of [seldom, itself]) {
        const farm = fallenSilent(zones);
        expect(closes(farm.wait(100))).toEqual([]);
        expect(farm.zone().phase.name).toBe('running');
      }
      expect(closes(fallenSilent(seldom).wait(160))).toEqual(['a1']);
    });
  });

  it('behind a flow that shows nothing while the counter turns is no dry one: the meter is broken', () => {
    const { farm, commandId } = opened();
    farm.valve({ ...open, commandId, flowLitresPerMinute: 0 });
    farm.wait(31);
    const actions = farm.valve({ ...open, commandId, flowLitresPerMinute: 0, totalLitres: 1019 });
    expect(only(actions, 'raise_alarm')[0]?.reason.key).toBe('meter_stuck');
  });
});

describe('a valve whose answers are lost', () => {
  const meterAlone = { state: 'closed', cause: 'periodic', isStateOld: true } as const;

  it('is not closed because its meter speaks, nor does what flows accuse it: it is told until it answers', () => {
    const { farm } = opened(600, relays);
    for (let litres = 1_006; farm.zone().phase.name === 'opening'; litres += 6) {
      farm.wait(10);
      farm.valve({ ...meterAlone, flowLitresPerMinute: 38, totalLitres: litres });
    }
    expect(
      closes(farm.actions).filter((zone) => zone === 'a1'),
      'the sweep, and the end',
    ).toHaveLength(2);
    farm.wait(10);
    farm.valve({ ...meterAlone, flowLitresPerMinute: 38, totalLitres: 1_100 });
    expect([farm.zone().phase.name, farm.zone().valve?.open]).toEqual(['closing', true]);
    for (let seconds = 0; seconds < 400; seconds += 31) {
      farm.wait(31);
      farm.valve({ ...meterAlone, totalLitres: 1_103 });
    }
    const raised = only(farm.actions, 'raise_alarm').map(({ reason }) => reason.key);
    expect(new Set(raised)).toEqual(new Set(['valve_no_answer', 'valve_silent']));
    expect(farm.zone().phase.name).toBe('unknown');
    farm.valve({ totalLitres: 1_103 });
    expect(farm.zone().phase.name).toBe('idle');
  });
});

describe('a closed valve', () => {
  function justClosed(flowLitresPerMinute: number | null) {
    const { farm } = opened(600, relays);
    for (let minute = 0; minute < 10; minute++) {
      farm.valve({ ...open, flowLitresPerMinute: 38, totalLitres: 1_000 + minute * 38 });
      farm.wait(60);
    }
    farm.valve({ flowLitresPerMinute, totalLitres: 1_380 });
    return farm;
  }

  it('is idle when its meter has come to rest, and what drained is the run’s', () => {
    const farm = justClosed(12);
    expect(farm.zone().phase.name).toBe('leak_testing');
    expect(only(farm.actions, 'journal_run')).toEqual([]);
    farm.wait(40);
    const [run] = only(farm.valve({ totalLitres: 1384 }), 'journal_run');
    expect(run?.record).toMatchObject({ measuredLitres: 384, actualSeconds: 600, outcome: 'completed' });
    expect(farm.zone().phase.name).toBe('idle');
  });

  it.each([
    ['a little water goes on running has a leak', 4, 'leak'],
    ['as much water runs as through an open one has lied', 36, 'valve_lies_closed'],
  ])('through which %s', (_what, flowLitresPerMinute, key) => {
    const farm = justClosed(flowLitresPerMinute);
    farm.wait(60);
    expect(farm.zone().phase.name).toBe('leak_testing');
    farm.wait(31);
    expect(farm.zone().phase).toMatchObject({ name: 'locked', reason: { key } });
    expect(only(farm.actions, 'journal_run')[0]?.record.outcome).toBe('completed');
    expect(only(farm.actions, 'raise_alarm').map(({ reason }) => reason.key)).toEqual([key]);
  });

  it('whose meter says nothing is not waited for for ever', () => {
    const farm = justClosed(null);
    farm.wait(299);
    expect(farm.zone().phase.name).toBe('leak_testing');
    farm.wait(2);
    expect(only(farm.actions, 'journal_run')).toHaveLength(1);
  });

  it('refuses an opening until then, and closes again for who presses stop', () => {
    const farm = justClosed(null);
    const [answer] = only(farm.send({ kind: 'open', ...request, durationSeconds: 60 }), 'answer');
    expect(answer).toMatchObject({ accepted: false, reason: { key: 'leak_testing' } });
    expect(closes(farm.send({ kind: 'stop', ...request }))).toEqual(['a1']);
  });

  it('that opens by itself meanwhile is told to close', () => {
    const farm = justClosed(null);
    expect(closes(farm.valve({ ...open, flowLitresPerMinute: 38 }))).toEqual(['a1']);
    expect(farm.zone().phase.name).toBe('unknown');
  });
});
