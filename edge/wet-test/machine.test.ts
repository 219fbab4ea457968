import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginTest,
  hear,
  stopTest,
  type TestPlan,
  type TestStep,
  type Told,
  tick,
  type WetTest,
} from './machine.ts';
import { verdictOf, withBucket } from './verdict.ts';

const plan: TestPlan = {
  ...{ leaseSeconds: 10, cutOffSeconds: 10, toleranceSeconds: 3, answerSeconds: 5, drainSeconds: 20 },
  ...{ meterSeconds: 120, nominalLitresPerMinute: 38, isMetered: true },
};

/** A test on a clock of seconds, with what it has asked for. */
function testing(more: Partial<TestPlan> = {}, litresBefore: number | null = 100) {
  let test: WetTest = beginTest({ ...plan, ...more }, litresBefore, 0);
  const closes: number[] = [];
  const take = ({ test: next, close }: TestStep, second: number) => {
    test = next;
    if (close) closes.push(second);
  };
  return {
    closes,
    says(
      second: number,
      open: boolean,
      flow: number | null = null,
      litres: number | null = null,
      isOurs = true,
    ) {
      const told: Told = { open, isOurs, flowLitresPerMinute: flow, totalLitres: litres };
      take(hear(test, told, second * 1000), second);
    },
    /** Ticks each quarter of a second, as the gateway does. */
    until(from: number, to: number) {
      for (let at = from; at <= to; at += 0.25) take(tick(test, at * 1000), at);
    },
    stop: (second: number) => take(stopTest(test, second * 1000), second),
    stage: () => test.stage,
    verdict: () => verdictOf(test),
    keys: () => verdictOf(test).findings.map(({ key }) => key),
  };
}

/** A valve of ours: it opens after half a second, reports every two, and closes after `seconds`. */
function valve({ seconds = 10, flow = 38, counted = 6.3, more = {} as Partial<TestPlan> } = {}) {
  const test = testing(more);
  test.says(0.5, true, 0, 100);
  for (let at = 2; at < seconds; at += 2) {
    test.until(at - 2, at);
    test.says(at, true, flow, 100 + (counted * at) / seconds);
  }
  test.until(seconds, seconds + 0.5);
  test.says(seconds + 0.5, false, 0, 100 + counted);
  test.until(seconds + 0.5, seconds + 1);
  return test;
}

describe('a valve that is as it should be', () => {
  it('passes, with its cut-off, its flow and its litres, and is never told to close', () => {
    const test = valve();
    expect(test.closes).toEqual([]);
    expect(test.verdict()).toMatchObject({
      ...{ outcome: 'passed', findings: [], openedAfterSeconds: 0.5, closedAfterSeconds: 10 },
      ...{ dryAfterSeconds: 10, litres: 6.3, flowLitresPerMinute: 38 },
    });
  });

  it('passes without a meter, which is said', () => {
    const test = testing({ isMetered: false }, null);
    test.says(1, true);
    test.says(11, false);
    test.until(11, 12);
    expect(test.verdict()).toMatchObject({ outcome: 'passed', closedAfterSeconds: 10, litres: null });
    expect(test.keys()).toEqual(['test_flow_not_proven']);
  });

  it('passes with a meter that speaks only after the closing, by its counter', () => {
    const test = testing();
    test.says(1, true);
    test.says(11, false);
    test.until(11, 60);
    expect(test.stage()).toBe('draining');
    test.says(60, false, 0, 106.3);
    test.until(60, 61);
    expect(test.verdict()).toMatchObject({ outcome: 'passed', litres: 6.3, flowLitresPerMinute: 37.8 });
  });

  it('passes with a counter of ten litres a step that did not move', () => {
    const test = valve({ counted: 0 });
    expect([test.verdict().outcome, test.keys()]).toEqual(['passed', ['test_counter_coarse']]);
  });

  it('passes when the water stops in time, though it never says that it is closed; it is told to, so that both agree', () => {
    const test = testing();
    test.says(1, true, 38, 100);
    test.says(5, true, 38, 103);
    test.says(11, true, 0, 106);
    test.until(11, 14.25);
    expect(test.closes).toEqual([14]);
    test.says(14.5, false, 0, 106);
    expect([test.verdict().outcome, test.keys()]).toEqual(['passed', ['test_closed_without_word']]);
  });
});

describe('a valve that does not close by itself', () => {
  it('is told to close at its cut-off and what it may be late, and fails', () => {
    const test = testing();
    test.says(1, true, 38, 100);
    test.says(10, true, 38, 106);
    test.until(10, 13.75);
    expect(test.closes).toEqual([]);
    test.until(14, 14);
    expect(test.closes).toEqual([14]);
    test.says(14.5, false, 0, 108);
    expect([test.stage(), test.verdict().outcome, test.keys()]).toEqual([
      'over',
      'failed',
      ['test_does_not_close'],
    ]);
    expect(test.verdict().closedAfterSeconds).toBeNull();
  });

  it('is told again and again when it stays open, and that is what is found', () => {
    const test = testing();
    test.says(1, true, 38, 100);
    test.until(1, 16);
    test.says(16, true, 38, 110);
    test.until(16, 30);
    expect(test.closes).toEqual([14, 19, 24]);
    expect([test.stage(), test.keys()]).toEqual(['over', ['test_does_not_close_at_all']]);
  });

  it('is told again and again when it is gone', () => {
    const test = testing();
    test.says(1, true, 38, 100);
    test.until(1, 30);
    expect(test.closes).toEqual([14, 19, 24]);
    expect([test.stage(), test.keys()]).toEqual(['over', ['test_gone']]);
  });
});

describe('what is wrong with the water', () => {
  it.each<[string, Parameters<typeof valve>[0], string, object]>([
    ['litres an hour taken for litres a minute', { flow: 2_280 }, 'test_flow_unit', { unit: 'L/h' }],
    ['cubic metres an hour', { flow: 2.28 }, 'test_flow_unit', { unit: 'm³/h' }],
    [
      'a flow that no unit explains',
      { flow: 300, counted: 50 },
      'test_flow_implausible',
      { flowLitresPerMinute: 300 },
    ],
    ['a counter in cubic metres', { counted: 0.0063 }, 'test_counter_disagrees', { unit: 'm³' }],
    [
      'a counter that does not move',
      { seconds: 30, counted: 0, more: { cutOffSeconds: 30 } },
      'test_counter_stuck',
      {},
    ],
    ['no water behind an open valve', { flow: 0, counted: 0 }, 'test_no_flow', { flowLitresPerMinute: 0 }],
  ])('%s', (_name, how, key, figures) => {
    const { outcome, findings } = valve(how).verdict();
    expect(outcome).toBe('failed');
    expect(findings).toContainEqual({ key, figures: expect.objectContaining(figures) });
  });

  it('is a meter that says nothing at all, for which two minutes are waited', () => {
    const test = testing();
    test.says(1, true);
    test.says(11, false);
    test.until(11, 130.75);
    expect(test.stage()).toBe('draining');
    test.until(131, 131);
    expect([test.stage(), test.keys()]).toEqual(['over', ['test_meter_silent']]);
  });

  it('is water that runs on through the closed valve', () => {
    const test = testing();
    test.says(1, true, 38, 100);
    test.says(5, true, 38, 103);
    test.says(11, false, 38, 106);
    test.says(20, false, 30, 110);
    test.until(20, 31);
    expect([test.verdict().outcome, test.keys()]).toEqual(['failed', ['test_still_flows']]);
  });

  it('shows when a person measures it, also afterwards', () => {
    const record = {
      ...({
        kind: 'wet_test',
        testId: 't',
        atMs: 0,
        endedAtMs: 1,
        zone: 'a',
        valve: 'v',
        address: '',
      } as const),
      ...{ recordedBy: 'sau', ...valve().verdict() },
    };
    expect(withBucket(record, 6)).toMatchObject({ outcome: 'passed', bucketLitres: 6, findings: [] });
    const wrong = withBucket(record, 0.0063);
    expect(wrong).toMatchObject({
      outcome: 'failed',
      findings: [
        { key: 'test_bucket_disagrees', figures: { bucketLitres: 0.0063, litres: 6.3, unit: 'mL' } },
      ],
    });
    expect(withBucket(wrong, 6.5)).toMatchObject({ outcome: 'passed', findings: [] });
  });
});

it('closes after a second when its seconds are tenths: too early', () => {
  expect(valve({ seconds: 1, flow: 38, counted: 0.6 }).keys()).toContain('test_closes_early');
});

it('gives a valve that does not answer five seconds, tells it to close and fails', () => {
  const test = testing();
  test.until(0, 5);
  expect(test.closes).toEqual([5]);
  test.says(6, false, 0, 100);
  expect([test.verdict().outcome, test.keys()]).toEqual(['failed', ['test_no_answer']]);
});

it('believes a valve that it was open when its answer to the opening was lost', () => {
  const test = testing({ isMetered: false });
  test.says(0.1, false, null, null, false);
  expect(test.stage()).toBe('opening');
  test.says(4, false);
  expect(test.stage()).toBe('draining');
});

it('ends when a person says so: the valve is told to close, whatever it was doing', () => {
  const test = testing();
  test.says(1, true, 38, 100);
  test.stop(3);
  expect(test.closes).toEqual([3]);
  test.says(3.5, false, 0, 102);
  expect([test.stage(), test.verdict().outcome, test.keys()]).toEqual(['over', 'stopped', []]);
});

it('is over within a bounded time and has told a valve that was last seen open to close, whatever it hears', () => {
  const word = fc.record({
    open: fc.boolean(),
    isOurs: fc.boolean(),
    flowLitresPerMinute: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
    totalLitres: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
  });
  const events = fc.array(fc.option(word), { maxLength: 60 });
  fc.assert(
    fc.property(events, fc.boolean(), (heard, isMetered) => {
      let test = beginTest({ ...plan, isMetered }, null, 0);
      let told = 0;
      const take = (step: TestStep) => {
        test = step.test;
        if (step.close) told += 1;
      };
      let ms = 0;
      for (const word of heard) {
        ms += 700;
        take(word === null ? tick(test, ms) : hear(test, word, ms));
      }
      for (let end = ms + 200_000; ms <= end; ms += 250) take(tick(test, ms));
      expect(test.stage).toBe('over');
      if (test.isOpen) expect(told).toBeGreaterThan(0);
      if (verdictOf(test).outcome === 'passed') expect(test.isOpen).toBe(false);
    }),
  );
});
