import { describe, expect, it } from 'vitest';
import type { Zone } from '../../farm/layout.ts';
import { farm, keys, lastAnswer, open, phase, stage, watch, zones } from './farm.suite.ts';

describe('a run behind a pump', () => {
  it('opens the valve, the master valve, then starts the pump; ends the other way round', () => {
    const rig = farm();
    open(rig, 'a1', 300);
    expect(watch(rig, 20)).toEqual(['valve-a1 on', 'master-1 on', 'pump-1 on']);
    expect([phase(rig, 'a1'), stage(rig)]).toEqual(['running', 'delivering']);
    expect(watch(rig, 310)).toEqual(['pump-1 off', 'valve-a1 off', 'master-1 off']);
    expect([phase(rig, 'a1'), stage(rig)]).toEqual(['idle', 'resting']);
    expect(rig.runs[0]).toMatchObject({ outcome: 'completed', proof: 'metered' });
  });

  it('renews all of them in a long run, and the pump always stops first', () => {
    const rig = farm();
    open(rig, 'a1', 1500);
    expect(watch(rig, 1480)).toEqual(['valve-a1 on', 'master-1 on', 'pump-1 on']);
    expect(watch(rig, 60)).toEqual(['pump-1 off', 'valve-a1 off', 'master-1 off']);
    expect(rig.runs[0]).toMatchObject({ outcome: 'completed' });
  });

  it('stops the pump at once when its valve closes by itself', () => {
    const rig = farm();
    open(rig, 'a1');
    rig.pass(30);
    rig.reboot('valve-a1', 1);
    expect(watch(rig, 4)).toContain('pump-1 off');
    rig.pass(20);
    expect(rig.runs[0]).toMatchObject({ outcome: 'interrupted' });
  });

  it('does not blame the zone when the pump never answers, and waters again later', () => {
    const rig = farm();
    rig.silence('pump-1', 60);
    open(rig, 'a1');
    rig.pass(100);
    expect(rig.runs[0]).toMatchObject({ outcome: 'no_answer' });
    expect(keys(rig)).toEqual(expect.arrayContaining(['pump_no_answer']));
    expect(phase(rig, 'a1')).toBe('idle');
  });

  it('ends the run when somebody switches the pump off, and does not start it again', () => {
    const rig = farm();
    open(rig, 'a1');
    rig.pass(30);
    Object.assign(rig.device('pump-1'), { isOn: false });
    expect(watch(rig, 30)).toEqual(['master-1 off', 'valve-a1 off']);
    expect(rig.runs[0]).toMatchObject({ outcome: 'interrupted' });
    expect(keys(rig)).toContain('pump_stopped');
  });

  it('ends the run when the master valve closes by itself, and tells so until it gives water again', () => {
    const rig = farm();
    open(rig, 'a1');
    rig.pass(30);
    rig.reboot('master-1', 1);
    rig.pass(200);
    expect([rig.runs[0]?.outcome, keys(rig)]).toEqual(['interrupted', ['master_closed']]);
    open(rig, 'a1');
    rig.pass(20);
    expect([stage(rig), keys(rig)]).toEqual(['delivering', []]);
  });

  it('keeps the valve open until a pump that cannot be reached has stopped by itself', () => {
    const rig = farm();
    open(rig, 'a1', 120);
    rig.pass(60);
    rig.silence('pump-1', 600);
    expect(watch(rig, 200)).toEqual(['pump-1 off', 'master-1 off', 'valve-a1 off']);
  });

  it('shuts everything off in a second or two when a pipe bursts', () => {
    const rig = farm();
    open(rig, 'a1');
    rig.pass(40);
    const { nominalFlowLitresPerMinute: _, ...zone } = zones[0] as Zone;
    Object.assign(rig.device('valve-a1'), { zone: { ...zone, nominalFlowLitresPerMinute: 120 } });
    rig.pass(29);
    expect(watch(rig, 12)).toEqual(['pump-1 off', 'master-1 off', 'valve-a1 off']);
    expect(phase(rig, 'a1')).toBe('locked');
  });

  it('takes a stop by a person for what it is: the water stops at once', () => {
    const rig = farm();
    open(rig, 'a1');
    rig.pass(30);
    rig.send({ kind: 'stop', zone: 'a1', requestId: 's', now: rig.now });
    expect(watch(rig, 2)).toContain('pump-1 off');
    expect(watch(rig, 10)).toContain('valve-a1 off');
  });

  it('stops the pump, then everything else, after a restart', () => {
    const rig = farm();
    open(rig, 'a1');
    rig.pass(60);
    rig.crash();
    rig.pass(3);
    rig.boot();
    expect(watch(rig, 8)).toEqual(['pump-1 off', 'valve-a1 off', 'master-1 off']);
    expect(stage(rig)).toBe('resting');
  });
});

describe('zones behind one source', () => {
  it('are watered together within what it gives, and the pump goes on for who is left', () => {
    const rig = farm();
    open(rig, 'a1', 120);
    rig.pass(6);
    open(rig, 'a2', 300);
    rig.pass(30);
    expect([phase(rig, 'a1'), phase(rig, 'a2')]).toEqual(['running', 'running']);
    expect(watch(rig, 120)).toEqual(['valve-a1 off']);
    expect(watch(rig, 200)).toEqual(['pump-1 off', 'valve-a2 off', 'master-1 off']);
  });

  it.each([
    ['what it gives is used up', { maxFlowLitresPerMinute: 60 }, 'source_capacity'],
    ['they must not be watered together', { together: [['a1', 'a3'], ['a2']] }, 'source_apart'],
  ])('wait for their turn when %s', (_what, more, key) => {
    const rig = farm(more);
    open(rig, 'a1');
    rig.pass(10);
    open(rig, 'a2');
    expect(lastAnswer(rig)).toMatchObject({ accepted: false, reason: { key } });
  });

  it('are opened one after the other', () => {
    const rig = farm();
    open(rig, 'a1');
    open(rig, 'a2');
    expect(lastAnswer(rig)).toMatchObject({ accepted: false, reason: { key: 'source_gap' } });
    rig.pass(6);
    open(rig, 'a2');
    expect(lastAnswer(rig)).toMatchObject({ accepted: true });
  });

  it('get no water while it would run through the valve of a locked one', () => {
    const rig = farm();
    open(rig, 'a1', 60);
    rig.pass(30);
    // Its spring is broken: it says open, and stays so.
    Object.defineProperty(rig.device('valve-a1'), 'isOn', { get: () => true, set: () => {} });
    rig.pass(120);
    expect(phase(rig, 'a1')).toBe('locked');
    open(rig, 'a2');
    expect(lastAnswer(rig)).toMatchObject({ reason: { key: 'source_zone_open', figures: { zone: 'a1' } } });
    expect(rig.device('pump-1').isOn).toBe(false);
  });
});

describe('a tank', () => {
  const tank = { device: 'tank-1', stopPercent: 15, resumePercent: 30, dryStopsADay: 1 };

  it('that runs low stops the pump at once, and lets it start when it has filled up', () => {
    const rig = farm({ tank });
    open(rig, 'a1');
    rig.pass(30);
    rig.tankPercent = 14;
    expect(watch(rig, 3)).toContain('pump-1 off');
    rig.pass(20);
    rig.tankPercent = 20;
    rig.pass(2);
    open(rig, 'a1');
    expect(lastAnswer(rig)).toMatchObject({ accepted: false, reason: { key: 'tank_low' } });
    rig.tankPercent = 31;
    rig.pass(130);
    open(rig, 'a1');
    expect(lastAnswer(rig)).toMatchObject({ accepted: true });
  });

  it('that runs low too often locks the source until a person has looked', () => {
    const rig = farm({ tank });
    for (const _time of [1, 2]) {
      open(rig, 'a1');
      rig.pass(30);
      rig.tankPercent = 10;
      rig.pass(30);
      rig.tankPercent = 80;
      rig.pass(130);
    }
    expect([stage(rig), keys(rig)]).toEqual(['locked', expect.arrayContaining(['source_dry_too_often'])]);
    rig.crash();
    rig.boot();
    rig.pass(5);
    expect(stage(rig), 'over a restart too').toBe('locked');
    rig.send({ kind: 'unlock_source', source: 'well', requestId: 'u', now: rig.now });
    rig.pass(5);
    open(rig, 'a1');
    expect(lastAnswer(rig)).toMatchObject({ accepted: true });
  });

  it('counts how often it ran low over restarts too, and waits to be filled up', () => {
    const rig = farm({ tank });
    for (const _time of [1, 2]) {
      open(rig, 'a1');
      rig.pass(30);
      rig.tankPercent = 10;
      rig.pass(30);
      rig.crash();
      rig.tankPercent = 20;
      rig.boot();
      rig.pass(130);
      open(rig, 'a1');
      expect(lastAnswer(rig)).toMatchObject({ accepted: false });
      rig.tankPercent = 80;
      rig.pass(130);
    }
    expect([stage(rig), keys(rig)]).toEqual(['locked', ['source_dry_too_often']]);
    rig.send({ kind: 'unlock_source', source: 'well', requestId: 'u', now: rig.now });
    rig.crash();
    rig.boot();
    rig.pass(5);
    open(rig, 'a1');
    rig.pass(30);
    rig.tankPercent = 10;
    rig.pass(30);
    expect([stage(rig), keys(rig)], 'what a person has forgiven is forgotten').toEqual([
      'resting',
      ['tank_low'],
    ]);
  });

  it('that was low while nothing ran is waited for to fill up, too', () => {
    const rig = farm({ tank });
    rig.tankPercent = 5;
    rig.pass(2);
    rig.tankPercent = 16;
    rig.pass(2);
    open(rig, 'a1');
    const reason = { key: 'tank_low', figures: { levelPercent: 16, resumePercent: 30 } };
    expect(lastAnswer(rig)).toMatchObject({ accepted: false, reason });
    rig.tankPercent = 31;
    rig.pass(2);
    open(rig, 'a1');
    expect(lastAnswer(rig)).toMatchObject({ accepted: true });
  });

  it('whose gauge falls silent while water is drawn ends it in good order, and is told until it speaks', () => {
    const rig = farm({ tank: { ...tank, maxAgeSeconds: 60 } });
    open(rig, 'a1', 1500);
    rig.pass(30);
    rig.levelEverySeconds = 200;
    rig.pass(115);
    expect(watch(rig, 30)).toEqual(['pump-1 off', 'valve-a1 off', 'master-1 off']);
    expect(rig.runs[0]).toMatchObject({ outcome: 'interrupted' });
    expect([stage(rig), keys(rig)]).toEqual(['resting', ['tank_unknown']]);
    rig.pass(100);
    expect(keys(rig)).toEqual([]);
  });

  it('of which nobody knows how full it is lets nothing begin', () => {
    const rig = farm({ tank: { ...tank, maxAgeSeconds: 30 } });
    const { level: _, ...source } = rig.state.sources.well ?? expect.fail('no source');
    rig.state = { ...rig.state, sources: { well: { ...source, level: null } } };
    open(rig, 'a1');
    expect(lastAnswer(rig)).toMatchObject({ accepted: false, reason: { key: 'tank_unknown' } });
  });
});

it('a pressure out of its band stops everything until a person has looked', () => {
  const rig = farm({ pressure: { device: 'p', minKilopascals: 150, maxKilopascals: 400 } });
  const press = (value: number) =>
    rig.send({ kind: 'measured', source: 'well', what: 'pressure', value, quality: 0, now: rig.now });
  open(rig, 'a1');
  for (let seconds = 0; seconds < 90; seconds += 5) {
    rig.pass(5);
    press(300);
  }
  press(60);
  rig.pass(16);
  press(60);
  expect(watch(rig, 3)).toEqual(expect.arrayContaining(['pump-1 off', 'master-1 off']));
  expect(keys(rig)).toContain('pressure_too_low');
  expect(stage(rig)).toBe('locked');
});

it('a pressure that was measured before the pump ran is not held against it', () => {
  const rig = farm({ pressure: { device: 'p', minKilopascals: 150, maxKilopascals: 400 } });
  for (let minutes = 0; minutes < 3; minutes++) {
    rig.send({ kind: 'measured', source: 'well', what: 'pressure', value: 5, quality: 0, now: rig.now });
    rig.pass(60);
  }
  open(rig, 'a1', 300);
  rig.pass(120);
  expect([phase(rig, 'a1'), stage(rig), keys(rig)]).toEqual(['running', 'delivering', []]);
});

it('a valve that gives no water while the pump has pressure is the one that is stuck', () => {
  const rig = farm({ pressure: { device: 'p', minKilopascals: 150, maxKilopascals: 400 } });
  Object.assign(rig.device('valve-a1'), { zone: { ...zones[0], nominalFlowLitresPerMinute: 0 } });
  open(rig, 'a1');
  for (let seconds = 0; seconds < 60; seconds += 5) {
    rig.pass(5);
    rig.send({ kind: 'measured', source: 'well', what: 'pressure', value: 300, quality: 0, now: rig.now });
  }
  expect(keys(rig)).toEqual(['valve_lies_open']);
});
