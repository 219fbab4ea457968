import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Meter } from './meter.ts';

const at = (seconds: number) => ({ farmMs: seconds * 1000, realMs: seconds * 1000, atMs: 0 });

describe('a meter that only counts', () => {
  it('gives the flow by its increase while the valve is open', () => {
    const meter = new Meter();
    meter.counts(1000, at(0));
    meter.valveTurned(true, at(100));
    meter.counts(1010, at(110));
    expect(meter.tell()).toEqual({ flowLitresPerMinute: null, totalLitres: 1010, totalSinceStart: false });
    meter.counts(1038, at(160));
    expect(meter.tell().flowLitresPerMinute).toBeCloseTo(38);
    meter.counts(1076, at(220));
    expect(meter.tell().flowLitresPerMinute).toBeCloseTo(38);
  });

  it('takes what still runs after a closing for no leak, but a leak for a leak', () => {
    const meter = new Meter();
    meter.valveTurned(true, at(0));
    meter.counts(0, at(0));
    meter.valveTurned(false, at(60));
    meter.counts(40, at(70));
    meter.counts(42, at(110));
    expect(meter.tell().flowLitresPerMinute).toBeNull();
    meter.counts(42, at(130));
    meter.counts(42, at(190));
    expect(meter.tell().flowLitresPerMinute).toBe(0);
    meter.counts(52, at(250));
    expect(meter.tell().flowLitresPerMinute).toBeCloseTo(10);
  });

  it('begins anew when the counter does', () => {
    const meter = new Meter();
    meter.valveTurned(true, at(0));
    meter.counts(1000, at(0));
    meter.counts(3, at(60));
    expect(meter.tell()).toMatchObject({ flowLitresPerMinute: null, totalLitres: 3 });
  });
});

describe('a meter that only tells the flow', () => {
  it('has its litres summed up, and none for a gap', () => {
    const meter = new Meter();
    meter.flows(0, at(0));
    meter.valveTurned(true, at(0));
    meter.flows(30, at(60));
    meter.flows(30, at(120));
    meter.valveTurned(false, at(180));
    meter.flows(0, at(700));
    expect(meter.tell()).toMatchObject({ totalLitres: 15 + 30 + 30, totalSinceStart: true });
    meter.flows(60, at(10_000));
    expect(meter.tell().totalLitres).toBe(75);
  });

  it('is not believed to leak while the pipe drains', () => {
    const meter = new Meter();
    meter.valveTurned(true, at(0));
    meter.flows(38, at(10));
    meter.valveTurned(false, at(20));
    meter.tell();
    meter.flows(20, at(30));
    expect(meter.tell().flowLitresPerMinute).toBeNull();
    meter.flows(20, at(90));
    expect(meter.tell().flowLitresPerMinute).toBe(20);
  });
});

it('says each thing once, and only finite figures, whatever comes', () => {
  const event = fc.record({
    kind: fc.constantFrom('flow', 'count', 'open', 'close'),
    value: fc.double({ min: 0, max: 1e6, noNaN: true }),
    seconds: fc.integer({ min: 0, max: 2_000 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const meter = new Meter();
      let now = 0;
      for (const { kind, value, seconds } of events) {
        now += seconds;
        if (kind === 'flow') meter.flows(value, at(now));
        else if (kind === 'count') meter.counts(value, at(now));
        else meter.valveTurned(kind === 'open', at(now));
        const { flowLitresPerMinute, totalLitres } = meter.tell();
        expect(
          flowLitresPerMinute === null || (Number.isFinite(flowLitresPerMinute) && flowLitresPerMinute >= 0),
        ).toBe(true);
        expect(totalLitres === null || Number.isFinite(totalLitres)).toBe(true);
        expect(meter.tell().flowLitresPerMinute).toBeNull();
      }
    }),
  );
});
