import { describe, expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import type { Source } from '../sources/schema.ts';
import { Rig } from './rig.suite.ts';
import { lossOf } from './supply.ts';
import type { ZoneState } from './types.ts';

const pump = { valve: 'pump-1', leadSeconds: 3, lagSeconds: 3 };
const well: Source = { id: 'well', name: 'Giếng khoan', maxFlowLitresPerMinute: 120, gapSeconds: 5, pump };
const pressure = { device: 'p', minKilopascals: 150, maxKilopascals: 400 };
const tank = { device: 'tank-1', stopPercent: 15, resumePercent: 30 };
const zones = zonesOf(demoFarm())
  .slice(0, 3)
  .map((zone): Zone => ({ ...zone, source: 'well', minFlowLitresPerMinute: 20, maxFlowLitresPerMinute: 60 }));

function farm(more: Partial<Source> = {}) {
  const rig = new Rig({ zones, sources: [{ ...well, ...more }], random: () => 0.3 });
  rig.pass(5);
  return rig;
}

/** These zones are watered, and have been for a minute. */
function watering(rig: Rig, ...ids: string[]): Rig {
  for (const zone of ids) {
    rig.send({ kind: 'open', zone, requestId: `r-${zone}`, durationSeconds: 1_200, now: rig.now });
    rig.pass(6);
  }
  rig.pass(60);
  expect(ids.map((id) => phase(rig, id))).toEqual(ids.map(() => 'running'));
  return rig;
}

function press(rig: Rig, value: number): void {
  rig.send({ kind: 'measured', source: 'well', what: 'pressure', value, quality: 0, now: rig.now });
}

const phase = (rig: Rig, zone: string) => rig.state.zones[zone]?.phase.name;
const decision = (rig: Rig, zone: string) => rig.state.zones[zone]?.decision.key;
const stage = (rig: Rig) => rig.state.sources.well?.stage;
const keys = (rig: Rig) => [...rig.alarms.values()].map(({ source, key }) => `${source} ${key}`).toSorted();

describe('a zone that loses its water', () => {
  it('is closed at once, and kept closed and unlocked until somebody has been found to blame', () => {
    const rig = watering(farm({ pressure }), 'a1', 'a2');
    rig.valve('a1').isJammed = true;
    rig.pass(6);
    expect([rig.valve('a1').isOn, phase(rig, 'a1'), decision(rig, 'a1')]).toEqual([
      false,
      'in_doubt',
      'flow_lost',
    ]);
    rig.send({ kind: 'open', zone: 'a1', requestId: 'again', durationSeconds: 60, now: rig.now });
    rig.send({ kind: 'test', zone: 'a1', requestId: 'test', startedBy: 'sau', now: rig.now });
    expect(rig.actions.slice(-2)).toMatchObject([{ accepted: false }, { accepted: false }]);
    expect(keys(rig)).toEqual(['a1 flow_lost']);
  });

  it.each([
    ['is in doubt', 5, 'in_doubt'],
    ['is being closed', 0, 'closing'],
  ])(
    'is locked by a restart while it %s, for nobody knows any more whose fault it was',
    (_when, seconds, name) => {
      const rig = watering(farm({ pressure }), 'a1', 'a2');
      rig.valve('a1').isJammed = true;
      while (lossOf(rig.state.zones.a1 as ZoneState) === null) rig.pass(0.25);
      rig.pass(seconds);
      expect(phase(rig, 'a1')).toBe(name);
      rig.crash();
      rig.boot();
      rig.pass(60);
      expect([phase(rig, 'a1'), keys(rig)]).toEqual(['locked', ['a1 flow_lost']]);
      rig.send({ kind: 'open', zone: 'a1', requestId: 'again', durationSeconds: 60, now: rig.now });
      expect(rig.actions.at(-1)).toMatchObject({ accepted: false, reason: { key: 'zone_locked' } });
      rig.send({ kind: 'unlock', zone: 'a1', requestId: 'looked', now: rig.now });
      rig.pass(5);
      expect([phase(rig, 'a1'), keys(rig)]).toEqual(['idle', []]);
    },
  );

  it('is locked when the pressure that is read after that is what it should be', () => {
    const rig = watering(farm({ pressure }), 'a1', 'a2');
    press(rig, 300);
    rig.valve('a1').isJammed = true;
    rig.pass(30);
    expect(phase(rig, 'a1'), 'what was read before proves nothing').toBe('in_doubt');
    press(rig, 300);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), keys(rig)]).toEqual([
      'locked',
      'running',
      ['a1 valve_lies_open'],
    ]);
  });

  it('is let go when the first pressure that is read after that is too low: the source is locked', () => {
    const rig = watering(farm({ pressure }), 'a1', 'a2');
    rig.valve('a1').isJammed = true;
    rig.pass(30);
    press(rig, 60);
    rig.pass(10);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), stage(rig)]).toEqual(['idle', 'idle', 'locked']);
    expect(keys(rig)).toEqual(['well pressure_too_low']);
  });

  it('is locked where no gauge says anything, when water goes on running through its neighbour', () => {
    const rig = watering(farm(), 'a1', 'a2');
    rig.valve('a1').isJammed = true;
    rig.pass(20);
    expect(phase(rig, 'a1')).toBe('in_doubt');
    rig.pass(20);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), keys(rig)]).toEqual([
      'locked',
      'running',
      ['a1 valve_lies_open'],
    ]);
  });

  it('is locked at once where it is alone behind a source of which nobody can know anything', () => {
    const rig = watering(farm(), 'a1');
    rig.valve('a1').isJammed = true;
    rig.pass(10);
    expect([phase(rig, 'a1'), keys(rig)]).toEqual(['locked', ['a1 no_flow']]);
  });

  it('is locked in the end when its source has a gauge that says nothing any more', () => {
    const rig = watering(farm({ pressure }), 'a1');
    rig.valve('a1').isJammed = true;
    rig.pass(590);
    expect(phase(rig, 'a1')).toBe('in_doubt');
    rig.pass(30);
    expect([phase(rig, 'a1'), keys(rig)]).toEqual(['locked', ['a1 no_flow']]);
  });

  it('is let go when the pump has not been heard of since, and watered again when it is', () => {
    const rig = watering(farm(), 'a1');
    rig.silence('pump-1', 900);
    rig.isDrySource = true;
    rig.pass(120);
    expect([phase(rig, 'a1'), keys(rig)]).toEqual(['idle', ['well source_silent']]);
    rig.isDrySource = false;
    rig.pass(900);
    expect([stage(rig), keys(rig)]).toEqual(['resting', []]);
    watering(rig, 'a1');
  });

  it('is told from a pump that has been switched off, however late that is heard', () => {
    const rig = watering(farm(), 'a1', 'a2');
    Object.assign(rig.device('pump-1'), { isOn: false });
    rig.pass(40);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), keys(rig)]).toEqual(['idle', 'idle', ['well pump_stopped']]);
  });
});

describe('zones that lose their water together', () => {
  it('accuse their source: it is locked, they are not', () => {
    const rig = watering(farm(), 'a1', 'a2');
    rig.isDrySource = true;
    rig.pass(30);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), stage(rig)]).toEqual(['idle', 'idle', 'locked']);
    expect(keys(rig)).toEqual(['well source_no_flow']);
    expect(rig.runs.map(({ outcome }) => outcome)).toEqual(['no_flow', 'no_flow']);
    rig.crash();
    rig.boot();
    rig.pass(5);
    expect(stage(rig), 'over a restart too').toBe('locked');
  });

  it('accuse it too when one comes after the other and none has had water in between', () => {
    const rig = watering(farm({ pressure, maxFlowLitresPerMinute: 50 }), 'a1');
    rig.isDrySource = true;
    rig.pass(60);
    expect(phase(rig, 'a1')).toBe('in_doubt');
    rig.send({ kind: 'open', zone: 'a2', requestId: 'r', durationSeconds: 600, now: rig.now });
    rig.pass(80);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), stage(rig)]).toEqual(['idle', 'idle', 'locked']);
  });

  it('wait for the level of their tank: an empty one is only waited for', () => {
    const rig = farm({ tank });
    rig.levelEverySeconds = 300;
    watering(rig, 'a1', 'a2');
    rig.tankPercent = 0;
    rig.isDrySource = true;
    rig.pass(30);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), stage(rig), keys(rig)]).toEqual([
      'idle',
      'idle',
      'resting',
      ['well source_no_flow'],
    ]);
    rig.send({ kind: 'open', zone: 'a3', requestId: 'r', durationSeconds: 60, now: rig.now });
    expect(rig.actions.at(-1)).toMatchObject({ accepted: false, reason: { key: 'source_no_flow' } });
    rig.pass(300);
    expect([stage(rig), keys(rig)]).toEqual(['resting', ['well tank_low']]);
    rig.tankPercent = 80;
    rig.isDrySource = false;
    rig.pass(300);
    watering(rig, 'a1', 'a2');
  });

  it('leave their source locked when the gateway restarts while it waits for the level of its tank', () => {
    const rig = farm({ tank });
    rig.levelEverySeconds = 300;
    watering(rig, 'a1', 'a2');
    rig.isDrySource = true;
    rig.pass(30);
    expect(stage(rig)).toBe('resting');
    rig.crash();
    rig.boot();
    rig.pass(60);
    expect([stage(rig), keys(rig)]).toEqual(['locked', ['well source_no_flow']]);
  });

  it('lock their source when its tank is full', () => {
    const rig = farm({ tank });
    rig.levelEverySeconds = 300;
    watering(rig, 'a1', 'a2');
    rig.isDrySource = true;
    rig.pass(330);
    expect([stage(rig), keys(rig)]).toEqual(['locked', ['well source_no_flow']]);
  });

  it('do not lock it while its pump cannot be heard', () => {
    const rig = watering(farm(), 'a1', 'a2');
    rig.silence('pump-1', 900);
    rig.isDrySource = true;
    rig.pass(300);
    expect([phase(rig, 'a1'), phase(rig, 'a2'), keys(rig)]).toEqual(['idle', 'idle', ['well source_silent']]);
  });
});
