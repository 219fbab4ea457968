import { describe, expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { Rig } from '../controller/rig.suite.ts';
import type { Source } from './schema.ts';
import { sourceView } from './view.ts';

const gauges = { before: { device: 'g-1' }, after: { device: 'g-2' }, maxKilopascals: 40 };
const filter = { valve: 'flush-1', flushSeconds: 30, minMinutes: 5, tries: 2 };
const well: Source = {
  ...{ id: 'well', name: 'Giếng khoan', maxFlowLitresPerMinute: 80, gapSeconds: 5 },
  ...{ pump: { valve: 'pump-1' }, filter: { ...filter, everyLitres: 500 } },
};
const zones = zonesOf(demoFarm())
  .slice(0, 2)
  .map((zone): Zone => ({ ...zone, source: 'well', minFlowLitresPerMinute: 20, maxFlowLitresPerMinute: 60 }));

function farm(more: Partial<Source> = {}) {
  const rig = new Rig({ zones, sources: [{ ...well, ...more }], random: () => 0.3 });
  rig.pass(5);
  return rig;
}

function open(rig: Rig, zone = 'a1', durationSeconds = 1_700): void {
  rig.send({ kind: 'open', zone, requestId: 'r', durationSeconds, now: rig.now });
}

/** Seconds from now on at which the flush valve opens, and for how long, while time passes. */
function flushes(rig: Rig, seconds: number, look: () => void = () => {}): { at: number; for: number }[] {
  const seen: { at: number; for: number }[] = [];
  const fromMs = rig.nowMs;
  let wasOn = false;
  rig.pass(seconds, () => {
    const { isOn } = rig.device('flush-1');
    const at = (rig.nowMs - fromMs) / 1000;
    if (isOn && !wasOn) seen.push({ at, for: 0 });
    const last = seen.at(-1);
    if (isOn && last) last.for = at - last.at;
    wasOn = isOn;
    look();
  });
  return seen;
}

/** What the gauges say on both sides of the filter, every half minute. */
function gauging(rig: Rig, after: () => number): () => void {
  let nextMs = 0;
  return () => {
    if (rig.nowMs < nextMs) return;
    nextMs = rig.nowMs + 30_000;
    for (const [what, value] of [
      ['beforeFilter', 300],
      ['afterFilter', after()],
    ] as const)
      rig.send({ kind: 'measured', source: 'well', what, value, quality: 0, now: rig.now });
  };
}

const keys = (rig: Rig) => [...rig.alarms.values()].map(({ key }) => key);
const stateOf = (rig: Rig) => rig.state.sources.well;

describe('a filter that is flushed by litres', () => {
  it('is flushed after a start, when nobody knows what it holds, and then as often as was said', () => {
    const rig = farm();
    open(rig);
    const seen = flushes(rig, 1_690);
    // 38 L/min: 500 L in 789 s.
    expect(seen).toHaveLength(2);
    expect(seen[0]?.at).toBeGreaterThan(290);
    expect((seen[1]?.at ?? 0) - (seen[0]?.at ?? 0)).toBeGreaterThan(780);
    for (const { for: lasted } of seen) expect(Math.abs(lasted - 30)).toBeLessThan(3);
  });

  it('waits for water that runs long enough', () => {
    const rig = farm();
    rig.pass(400);
    expect(flushes(rig, 60)).toEqual([]);
    open(rig, 'a1', 90);
    expect(flushes(rig, 300)).toEqual([]);
    open(rig, 'a1', 600);
    expect(flushes(rig, 600)).toHaveLength(1);
  });

  it('takes the water of the zones, and none of them is blamed for it', () => {
    const rig = farm();
    open(rig);
    const seen = flushes(rig, 900, () => {
      rig.valve('a1').isJammed = rig.device('flush-1').isOn;
    });
    expect(seen).toHaveLength(1);
    expect([rig.state.zones.a1?.phase.name, keys(rig)]).toEqual(['running', []]);
  });

  it('is closed when the water ends in the middle of it, and tried again', () => {
    const rig = farm();
    open(rig);
    while (!rig.device('flush-1').isOn) rig.pass(1);
    rig.send({ kind: 'stop', zone: 'a1', requestId: 's', now: rig.now });
    rig.pass(5);
    expect([rig.device('flush-1').isOn, rig.device('pump-1').isOn]).toEqual([false, false]);
    rig.pass(1_000);
    open(rig);
    expect(flushes(rig, 200)).toHaveLength(1);
  });

  it('closes by itself when the gateway dies, and is told to by the next start', () => {
    const rig = farm();
    open(rig);
    while (!rig.device('flush-1').isOn) rig.pass(1);
    rig.crash();
    rig.pass(35);
    expect(rig.device('flush-1').isOn).toBe(false);
    Object.assign(rig.device('flush-1'), { isOn: true, endsMs: Number.POSITIVE_INFINITY });
    rig.boot();
    rig.pass(3);
    expect(rig.device('flush-1').isOn).toBe(false);
    expect(stateOf(rig)?.stage).toBe('resting');
  });

  it('that cannot be opened is told, and goes on watering', () => {
    const rig = farm();
    open(rig);
    rig.silence('flush-1', 10_000);
    rig.pass(400);
    expect([keys(rig), rig.state.zones.a1?.phase.name]).toEqual([['flush_valve_no_answer'], 'running']);
  });

  it('that falls silent while it is open is told, and guards nobody from being judged any longer', () => {
    const rig = farm({ pressure: { device: 'g', minKilopascals: 150, maxKilopascals: 400 } });
    rig.hasGauge = true;
    open(rig);
    while (!rig.device('flush-1').isOn) rig.pass(1);
    rig.silence('flush-1', 700);
    rig.pass(120);
    expect([keys(rig), rig.state.zones.a1?.phase.name]).toEqual([['flush_valve_silent'], 'running']);
    rig.isDrySource = true;
    rig.pass(60);
    expect(rig.device('pump-1').isOn).toBe(false);
    expect(rig.runs[0]?.outcome).not.toBe('completed');
    rig.pass(600);
    expect(keys(rig)).not.toContain('flush_valve_silent');
  });

  it('that is opened by hand and left open hides no dry pump for longer than a flush', () => {
    const rig = farm();
    open(rig);
    rig.pass(60);
    Object.assign(rig.device('flush-1'), { isOn: true, endsMs: Number.POSITIVE_INFINITY });
    rig.pass(5);
    rig.isDrySource = true;
    rig.pass(25);
    expect(rig.device('pump-1').isOn, 'it may be the flush that takes the water').toBe(true);
    rig.pass(60);
    expect(rig.device('pump-1').isOn).toBe(false);
  });

  it('that does not close locks its source', () => {
    const rig = farm();
    open(rig);
    while (!rig.device('flush-1').isOn) rig.pass(1);
    Object.defineProperty(rig.device('flush-1'), 'isOn', { get: () => true, set: () => {} });
    rig.pass(60);
    expect([stateOf(rig)?.stage, keys(rig)]).toEqual(['locked', ['flush_valve_does_not_close']]);
    expect(rig.device('pump-1').isOn).toBe(false);
  });
});

describe('a filter that is flushed by pressure', () => {
  const byPressure = { filter: { ...filter, difference: gauges } };

  it('is flushed when it takes too much, and is left alone when that has helped', () => {
    const rig = farm(byPressure);
    let isDirty = true;
    const gauge = gauging(rig, () => (isDirty ? 240 : 290));
    open(rig);
    const seen = flushes(rig, 1_690, () => {
      if (rig.device('flush-1').isOn) isDirty = false;
      gauge();
    });
    expect(seen).toHaveLength(1);
    expect(keys(rig)).toEqual([]);
  });

  it('is given up after some flushes that did not help, until it has been cleaned', () => {
    const rig = farm(byPressure);
    let after = 240;
    const gauge = gauging(rig, () => after);
    open(rig);
    expect(flushes(rig, 1_690, gauge)).toHaveLength(2);
    expect(keys(rig)).toEqual(['filter_blocked']);
    after = 290;
    rig.pass(300, gauge);
    open(rig);
    rig.pass(200, gauge);
    expect(keys(rig)).toEqual([]);
  });

  it('is not judged, nor shown, by a gauge that has been silent for much longer than the other', () => {
    const rig = farm(byPressure);
    let isBeforeDead = false;
    let after = 290;
    const tell = (what: 'beforeFilter' | 'afterFilter', value: number) =>
      rig.send({ kind: 'measured', source: 'well', what, value, quality: 0, now: rig.now });
    const gauge = () => {
      if (rig.nowMs % 30_000 !== 0) return;
      if (!isBeforeDead) tell('beforeFilter', 300);
      tell('afterFilter', after);
    };
    const shown = () => {
      const source = { ...well, ...byPressure };
      return sourceView(stateOf(rig) ?? expect.fail('no source'), source).filter?.difference;
    };
    open(rig);
    rig.pass(100, gauge);
    expect(shown()).toMatchObject({ kilopascals: 10 });
    isBeforeDead = true;
    rig.pass(650, gauge);
    after = 200;
    expect(flushes(rig, 800, gauge)).toEqual([]);
    expect(shown()).toBeNull();
  });

  it('is not judged by gauges that are read while nothing runs', () => {
    const rig = farm(byPressure);
    expect(
      flushes(
        rig,
        900,
        gauging(rig, () => 0),
      ),
    ).toEqual([]);
  });
});
