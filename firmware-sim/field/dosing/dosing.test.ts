import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DosingHeadSpec } from '../../farm/dosing-head.ts';
import { DosePump } from './dose-pump.ts';
import { HeadField } from './head-field.ts';
import { ecOf, idealEcOf, phOf, waterOf } from './solution.ts';
import { SourceWater } from './source-water.ts';
import { WaterProbe } from './water-probe.ts';

const clear = waterOf({ ec: 0.6, ph: 7.4, alkalinity: 2 });

function headSpec(own: Partial<DosingHeadSpec> = {}): DosingHeadSpec {
  return {
    ...{ id: 'head', source: 'well', plugLitres: 10, chamberLitres: 30, chambers: 2 },
    tanks: [
      {
        ...{ id: 'a', capacityLitres: 200, firstLitres: 150 },
        stock: { gramsPerLitre: { N: 18.6 }, ecPerMillilitrePerLitre: 0.15 },
        pump: { millilitresPerSecond: 10 },
      },
      {
        ...{ id: 'acid', capacityLitres: 50, firstLitres: 20 },
        stock: { acidEquivalentsPerLitre: 1 },
        pump: { millilitresPerSecond: 2, spread: 0.1, startSeconds: 0.3, stopSeconds: 0.2 },
      },
    ],
    ...own,
  };
}

/** Water flows for so many seconds, and pumps run in it. */
function flow(
  head: HeadField,
  atMs: number,
  seconds: number,
  litresPerMinute: number,
  on: string[] = [],
): number {
  for (const { id } of head.spec.tanks) head.pump(id).gate.tell(on.includes(id));
  head.look(atMs);
  const toMs = atMs + seconds * 1_000;
  const litres = (litresPerMinute * seconds) / 60;
  head.step(atMs, toMs, new Map(litres > 0 ? [['z1', litres]] : []), clear);
  return toMs;
}

describe('a dosing head', () => {
  it('loses nothing: what left its tanks has left with the water, or is still in the pipe', () => {
    const part = fc.record({
      seconds: fc.integer({ min: 1, max: 90 }),
      litresPerMinute: fc.constantFrom(0, 5, 60, 200),
      on: fc.subarray(['a', 'acid']),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (parts, chambers) => {
        const head = new HeadField(headSpec({ chambers }), clear, 1);
        let atMs = 0;
        for (const { seconds, litresPerMinute, on } of parts)
          atMs = flow(head, atMs, seconds, litresPerMinute, on);
        const { tanks, grams } = head.truth();
        const drawn = (tanks.a?.drawnLitres ?? 0) * 18.6;
        expect((grams.z1?.N ?? 0) + head.held.nitrogen).toBeCloseTo(drawn, 6);
        expect((tanks.a?.drawnLitres ?? 0) + (tanks.a?.litres ?? 0)).toBeCloseTo(150, 9);
      }),
    );
  });

  it('shows stock behind the mixing only when the pipe before it has been filled with it', () => {
    const head = new HeadField(headSpec({ chamberLitres: 0 }), clear, 1);
    const ecs: number[] = [];
    let atMs = 0;
    for (let second = 0; second < 20; second += 1) {
      atMs = flow(head, atMs, 1, 60, ['a']);
      ecs.push(head.truth().ecMilliSiemensPerCm);
    }
    expect(ecs[8]).toBeCloseTo(0.6, 6);
    // 10 mL in a litre: 1.5 mS/cm more, less what ions hinder each other.
    expect(ecs[11]).toBeGreaterThan(1.9);
    expect(ecs[11]).toBeLessThan(2.1);
  });

  it('mixes pulses in its chamber: EC swings by what a pulse is in so much water', () => {
    const head = new HeadField(headSpec({ plugLitres: 0, chamberLitres: 40, chambers: 1 }), clear, 1);
    let atMs = 0;
    for (let pulse = 0; pulse < 60; pulse += 1) atMs = flow(head, flow(head, atMs, 1, 60, ['a']), 4, 60);
    const high = (() => {
      atMs = flow(head, atMs, 1, 60, ['a']);
      return head.truth().ecMilliSiemensPerCm;
    })();
    flow(head, atMs, 4, 60);
    // 10 mL in 40 L are 0.25 mL/L, 0.0375 mS/cm before hindrance.
    expect(high - head.truth().ecMilliSiemensPerCm).toBeGreaterThan(0.025);
    expect(high - head.truth().ecMilliSiemensPerCm).toBeLessThan(0.0375);
  });

  it('has pH fall slowly while there is alkalinity, then at once', () => {
    const phAfter = (acid: number) => phOf({ ...clear, alkalinity: clear.alkalinity - acid });
    expect(phAfter(0)).toBeCloseTo(7.4, 6);
    // pKa1 is 6.35: there half of the carbonate has lost its charge.
    expect(phAfter(2 - clear.carbonate / 2)).toBeCloseTo(6.352, 3);
    expect(phAfter(1.9)).toBeGreaterThan(4.8);
    expect(phAfter(2.2)).toBeLessThan(3.9);
  });
});

describe('a dose pump', () => {
  const pumped = (spec: ConstructorParameters<typeof DosePump>[0], seconds: number, flow = 60) => {
    const pump = new DosePump(spec, () => 0.5);
    pump.gate.tell(true);
    pump.look(0);
    pump.run(0, seconds * 1_000, flow, (litres) => litres);
    pump.gate.tell(false);
    pump.look(seconds * 1_000);
    return pump;
  };

  it('gives less with every litre when its hose gets tired', () => {
    expect(pumped({ millilitresPerSecond: 10, wearPerLitre: 0.01 }, 500).rate(60)).toBeCloseTo(9.5, 6);
  });

  it('that is a venturi draws in proportion to the water, and nothing without', () => {
    const venturi = new DosePump({ millilitresPerSecond: 10, atLitresPerMinute: 60 }, () => 0.5);
    expect([venturi.rate(120), venturi.rate(30), venturi.rate(0)]).toEqual([20, 5, 0]);
  });

  it('starts and stops late, and pumps air until its line is full again', () => {
    const pump = new DosePump(
      { millilitresPerSecond: 10, startSeconds: 0.5, stopSeconds: 0.1, lineMillilitres: 30 },
      () => 0.5,
    );
    let drawn = 0;
    const all = (litres: number) => litres;
    const run = (fromMs: number, toMs: number, isOn: boolean, draw: (litres: number) => number) => {
      pump.gate.tell(isOn);
      pump.look(fromMs);
      drawn = pump.run(fromMs, toMs, 60, draw);
      return drawn;
    };
    expect(run(0, 2_000, true, all)).toBeCloseTo(0.015, 9);
    expect(run(2_000, 4_000, false, all)).toBeCloseTo(0.001, 9);
    expect(run(4_000, 14_000, true, () => 0)).toBe(0);
    // 30 mL of air come first.
    expect(run(14_000, 18_000, true, all)).toBeCloseTo(0.01, 9);
  });
});

describe('conductivity', () => {
  it('of 0.001 and 0.01 mol/L of KCl is what tables say', () => {
    const molar = (moles: number) => ecOf({ idealEc: 149.85 * moles });
    expect(molar(0.001)).toBeCloseTo(0.147, 3);
    expect(molar(0.01)).toBeCloseTo(1.413, 2);
    expect(idealEcOf(molar(0.02))).toBeCloseTo(149.85 * 0.02, 9);
  });
});

describe('clear water', () => {
  it('changes within hours and over the season, the same for all who ask', () => {
    const spec = {
      ...{ ec: 0.5, ph: 7.5, alkalinity: 2, ecPerDay: 0.005 },
      ...{
        tide: { ec: 0.1, hours: 12.4 },
        wander: { ec: 0.06, hours: 3 },
        switches: { ec: 0.15, hours: 40 },
      },
    };
    const water = new SourceWater(spec, 0, 7);
    const hourly = Array.from({ length: 2_400 }, (_, hour) => water.ecAt(hour * 3_600_000));
    const mean = (part: number[]) => part.reduce((a, b) => a + b, 0) / part.length;
    expect(mean(hourly.slice(1_900)) - mean(hourly.slice(0, 500))).toBeGreaterThan(0.25);
    expect(Math.max(...hourly.slice(0, 48)) - Math.min(...hourly.slice(0, 48))).toBeGreaterThan(0.15);
    expect(new SourceWater(spec, 0, 7).ecAt(3e8)).toBe(water.ecAt(3e8));
    expect(phOf(water.at(3e8))).toBeCloseTo(7.5, 6);
  });
});

describe('a probe', () => {
  it('follows slowly, drifts until it is calibrated, and is noisy', () => {
    const probe = new WaterProbe({ responseSeconds: 10, noise: 0, driftPerDay: 0.01 }, () => 0.5);
    expect(probe.read(1, 0)).toBe(1);
    expect(probe.read(2, 10_000)).toBeCloseTo(2 - Math.exp(-1), 4);
    expect(probe.read(2, 30 * 86_400_000)).toBeCloseTo(2.3, 4);
    probe.calibrate(30 * 86_400_000);
    expect(probe.read(2, 30 * 86_400_000 + 1)).toBeCloseTo(2, 4);
    const noisy = new WaterProbe({ responseSeconds: 0, noise: 0.05 }, () => 0.3);
    expect(noisy.read(1, 0)).not.toBe(1);
  });

  it('that compensates for temperature is only right about its own coefficient', () => {
    const probe = new WaterProbe({ responseSeconds: 0, noise: 0, compensationPerCelsius: 0.0191 }, () => 0.5);
    expect(probe.read(1.8, 0, 33)).toBeCloseTo(1.8, 9);
  });
});
