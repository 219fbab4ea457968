import { describe, expect, it } from 'vitest';
import { calibrationBar } from './calibrate.ts';
import { byRatio, TestHead, tank, testHead } from './dosing.suite.ts';
import type { Recipe } from './types.ts';

describe('a dose', () => {
  it('follows the water that has flowed, between the flushes before and after it', () => {
    const head = new TestHead();
    head.open('run-1');
    head.wait(59);
    expect(head.given('a')).toBe(0);
    head.wait(1_000);
    // 1,000 L less the flushes of 60 and 80 L, at 2,000 mL/m³.
    expect(head.given('a')).toBeGreaterThan(1_650);
    expect(head.given('a')).toBeLessThanOrEqual(1_720);
    expect(head.given('b')).toBeCloseTo(head.given('a'), -2);
    const [dose] = head.actions.filter((action) => action.kind === 'journal_dose');
    expect(dose?.dose).toMatchObject({ recipe: 'leaf', runIds: ['run-1'] });
    expect(dose?.dose.millilitres.a).toBeCloseTo(head.given('a'), 0);
  });

  it('stops in the step in which its water stops', () => {
    const head = new TestHead();
    head.open('run-1');
    head.wait(60);
    while (head.running.length === 0) head.wait(1);
    head.close('run-1');
    expect(head.running).toEqual([]);
  });

  it('runs one pump at a time, and keeps apart what precipitates together', () => {
    const head = new TestHead();
    let last: { tank: string; counter: number } | null = null;
    head.open('run-1');
    head.wait(900, () => {
      expect(head.running.length).toBeLessThanOrEqual(1);
      const [running] = head.running;
      if (running !== undefined && last !== null && last.tank !== running)
        expect(head.counter - last.counter).toBeGreaterThanOrEqual(4);
      if (running !== undefined) last = { tank: running, counter: head.counter };
    });
    expect(head.given('b')).toBeGreaterThan(0);
  });

  it('gives each of two tanks that are kept apart its turn, however much of both is wanted and whatever comes between', () => {
    const recipe: Recipe = {
      ...{ id: 'rich', mode: 'proportional' },
      millilitresPerCubicMetre: { acid: 400, a: 5_200, b: 4_600 },
      ph: { target: 6, deadBand: 0.1, tank: 'acid' },
    };
    const { tanks, ...rest } = testHead({ separationLitres: 10, mixingLitres: 40 });
    const strong = tanks.map((one) => ({ ...one, millilitresPerSecond: 25, perRunMillilitres: 8_000 }));
    const head = new TestHead({ ...rest, tanks: strong });
    const ends = new Map<string, number>();
    head.open('run-1', { plannedLitres: 1_000, recipe });
    head.wait(1_000, () => {
      const [running = ''] = head.running;
      const other = { a: 'b', b: 'a' }[running] ?? '';
      // Ten, less what the meter had not told yet when the pulse ended.
      if (running !== '' && ends.has(other))
        expect(head.counter - (ends.get(other) ?? 0)).toBeGreaterThanOrEqual(5);
      if (running !== '') ends.set(running, head.counter);
    });
    expect(head.given('a')).toBeGreaterThan(3_500);
    expect(head.given('b') / head.given('a')).toBeCloseTo(4.6 / 5.2, 1);
    expect(head.actions).not.toContainEqual(expect.objectContaining({ kind: 'raise_alarm' }));
  });

  it.each([
    ['a probe is silent', (head: TestHead) => (head.probes.ec[1] = null), 'dose_probe_stale'],
    ['two probes differ', (head: TestHead) => (head.probes.ec[1] = 1.4), 'dose_probes_disagree'],
    ['a probe is out of its range', (head: TestHead) => (head.probes.ph[0] = 9.4), 'dose_probe_out_of_range'],
    ['a probe is doubted', (head: TestHead) => (head.probes.isGood = false), 'dose_probe_doubted'],
  ])('pauses while %s, tells it, and goes on when that is over', (_what, break_, key) => {
    const head = new TestHead();
    head.open('run-1', { plannedLitres: 5_000 });
    head.wait(200);
    const good = structuredClone(head.probes);
    break_(head);
    head.wait(70);
    const before = head.given('a');
    head.wait(100);
    expect(head.given('a')).toBe(before);
    expect(head.state.why?.key).toBe(key);
    expect(head.actions).toContainEqual(expect.objectContaining({ kind: 'raise_alarm' }));
    head.probes = good;
    head.wait(60);
    expect(head.given('a')).toBeGreaterThan(before);
    expect(head.actions).toContainEqual({ kind: 'clear_alarm', key });
  });

  it('that a person has stopped stays stopped in this run, and in the next until a person lets it go on', () => {
    const head = new TestHead();
    head.open('run-1', { plannedLitres: 3_000 });
    head.wait(200);
    head.send({ kind: 'stop' });
    expect(head.running).toEqual([]);
    const before = head.given('a');
    head.wait(100);
    head.send({ kind: 'resume' });
    head.wait(300);
    expect(head.given('a')).toBe(before);
    head.close('run-1');
    head.open('run-2');
    head.wait(300);
    expect(head.given('a')).toBeGreaterThan(before);
  });

  it('ends at the limit of a run, of a day, and with what is in the tank', () => {
    for (const [own, key, most] of [
      [{ perRunMillilitres: 400 }, 'dose_limit_run', 400],
      [{ perDayMillilitres: 300 }, 'dose_limit_day', 300],
      [{ leftMillilitres: 200 }, 'dose_limit_tank', 200],
    ] as const) {
      const head = new TestHead(testHead({ tanks: [tank('a', 1, own), tank('b', 2)] }));
      head.open('run-1');
      head.wait(1_000);
      expect(head.given('a')).toBeLessThanOrEqual(most);
      expect(head.given('a')).toBeGreaterThan(most - 60);
      expect(head.actions).toContainEqual(
        expect.objectContaining({ kind: 'raise_alarm', reason: expect.objectContaining({ key }) }),
      );
      expect(head.given('b')).toBeLessThan(head.given('a') + 60);
    }
  });

  it('waits for the journal, which has to know first what may be given', () => {
    const head = new TestHead();
    head.isJournalOk = false;
    head.open('run-1');
    head.wait(500);
    expect(head.given('a')).toBe(0);
  });

  it('is not given where open zones want different things', () => {
    const head = new TestHead();
    head.open('run-1');
    head.open('run-2', { recipe: null });
    head.wait(300);
    expect(head.given('a')).toBe(0);
    expect(head.state.why?.key).toBe('dose_zones_differ');
    head.close('run-2');
    head.wait(100);
    expect(head.given('a')).toBeGreaterThan(0);
  });

  it('is over, without an alarm, when the run has what the plan gives it', () => {
    const head = new TestHead();
    head.open('run-1', { recipe: { ...byRatio, plannedMillilitres: { a: 600, b: 900 } } });
    head.wait(1_000);
    expect(head.given('a')).toBeGreaterThanOrEqual(595);
    expect(head.given('a')).toBeLessThan(640);
    expect(head.given('b')).toBeLessThan(660);
    expect(head.actions.filter(({ kind }) => kind === 'raise_alarm')).toEqual([]);
    const [dose] = head.actions.filter((action) => action.kind === 'journal_dose');
    expect(dose?.dose.why.key).toBe('dose_plan_reached');
  });

  it('of a quantity is spread over the water of the run', () => {
    const head = new TestHead();
    const recipe = {
      id: 'shot',
      mode: 'quantity',
      ph: null,
      millilitresPerCubicMetre: {},
      millilitres: { a: 900 },
    } as const;
    head.open('run-1', { recipe });
    head.wait(500);
    expect(head.given('a')).toBeGreaterThan(380);
    expect(head.given('a')).toBeLessThan(520);
    head.wait(600);
    expect(head.given('a')).toBeGreaterThan(860);
    expect(head.given('a')).toBeLessThanOrEqual(900);
  });
});

describe('a dose pump', () => {
  it('is told to stop before anything else after a start', () => {
    const head = new TestHead();
    const stops = head.actions.filter(({ kind }) => kind === 'stop_pump');
    expect(stops).toHaveLength(head.head.tanks.length);
  });

  it('that does not answer ends the dose, and locks the head when it stays silent', () => {
    const head = new TestHead();
    head.open('run-1');
    head.wait(59);
    head.carries.word = () => false;
    head.wait(120);
    expect(head.state.lock?.key).toBe('dose_pump_silent');
    expect(head.given('a') + head.given('b')).toBeLessThanOrEqual(50);
  });

  it('that has missed one command goes on when it says that it stands; one that misses them all does not', () => {
    for (const [missed, isOver] of [
      [1, false],
      [2, false],
      [3, true],
    ] as const) {
      const head = new TestHead();
      head.open('run-1');
      let misses = 0;
      head.carries.command = () =>
        head.state.pulse?.stop != null || head.state.session === null || misses++ >= missed;
      head.wait(150);
      expect(head.state.lock).toBeNull();
      expect(head.state.spentRuns.includes('run-1')).toBe(isOver);
      if (isOver) expect(head.given('a') + head.given('b')).toBe(0);
      else expect(head.given('a')).toBeGreaterThan(100);
    }
  });

  it('that runs on although it was told to stop locks the head until a person has looked', () => {
    const head = new TestHead();
    head.send({ kind: 'pump', tank: 'a', isRunning: true });
    head.carries.command = () => false;
    head.wait(60, () => head.send({ kind: 'pump', tank: 'a', isRunning: true }));
    expect(head.state.lock?.key).toBe('dose_pump_runs');
    head.carries.command = () => true;
    head.send({ kind: 'unlock' });
    head.open('run-1', { recipe: byRatio });
    head.wait(300);
    expect(head.given('a')).toBeGreaterThan(0);
  });

  it('that nobody has measured doses nothing', () => {
    const head = new TestHead(
      testHead({ tanks: [tank('a', 1, { millilitresPerSecond: null }), tank('b', 2)] }),
    );
    head.open('run-1');
    head.wait(500);
    expect(head.given('b')).toBe(0);
    expect(head.state.why?.key).toBe('dose_pump_not_calibrated');
  });
});

it('after a restart nothing is dosed until the pipe is clear, and EC of the clear water is what is seen then', () => {
  const head = new TestHead();
  head.open('run-1', { plannedLitres: 5_000 });
  head.probes.ec = [1.7, 1.7];
  head.wait(200);
  head.restart();
  const before = head.given('a');
  // Before the first flush and the mixing are over again it may be stock that is seen.
  head.wait(78);
  expect(head.given('a')).toBe(before);
  expect(head.state.why?.key).toBe('dose_flushes_before');
  head.probes.ec = [0.5, 0.6];
  head.wait(30);
  expect(head.given('a')).toBeGreaterThan(before);
});

it('a restart counts what was written down as given, and begins nothing anew in the day', () => {
  const head = new TestHead(testHead({ tanks: [tank('a', 1, { perDayMillilitres: 1_000 }), tank('b', 2)] }));
  head.open('run-1', { plannedLitres: 20_000 });
  for (let start = 0; start < 20; start++) {
    head.wait(150);
    head.restart();
  }
  expect(head.given('a')).toBeLessThanOrEqual(1_000);
  expect(head.given('a')).toBeGreaterThan(100);
});

describe('an injector', () => {
  const injecting = () =>
    new TestHead(
      testHead({
        tanks: [
          tank('a', 1, { millilitresPerSecond: null, injector: { millilitresPerLitre: 10 } }),
          tank('b', 2, { millilitresPerSecond: null, injector: { millilitresPerLitre: null } }),
        ],
      }),
    );
  const onlyA: typeof byRatio = { ...byRatio, id: 'only-a', millilitresPerCubicMetre: { a: 2_000 } };

  it('is open for the part of the water that makes its ratio, whatever the flow', () => {
    for (const litresPerMinute of [20, 60, 100]) {
      const head = injecting();
      head.open('run-1', { recipe: onlyA, litresPerMinute, plannedLitres: 800 });
      head.wait(3_000);
      // 800 L less the flushes of 60 and 80 L, at 2,000 mL/m³.
      expect(head.given('a')).toBeGreaterThan(1_200);
      expect(head.given('a')).toBeLessThanOrEqual(1_330);
      const [dose] = head.actions.filter((action) => action.kind === 'journal_dose');
      expect(dose?.dose.millilitres.a).toBeCloseTo(head.given('a'), 0);
    }
  });

  it('that nobody has measured doses nothing, and is measured while water flows', () => {
    const head = injecting();
    expect(calibrationBar(head.state, { tank: 'b', seconds: 10 }, head.head, head.now)?.key).toBe(
      'dose_calibration_needs_water',
    );
    head.open('run-1', { recipe: null });
    head.wait(5);
    head.tellWater();
    head.calibrate('b');
    expect(head.running).toEqual(['b']);
    head.wait(11, () => head.tellWater());
    expect(head.actions).toContainEqual(
      expect.objectContaining({
        kind: 'calibrated',
        tank: 'b',
        isWhole: true,
        litres: 9,
      }),
    );
  });
});

describe('a calibration', () => {
  const calibrated = (head: TestHead) => head.actions.filter(({ kind }) => kind === 'calibrated');

  it('runs a pump for its seconds into a cup, and nothing of it counts as dosed', () => {
    const head = new TestHead();
    head.calibrate('a', 30);
    expect(head.running).toEqual(['a']);
    head.wait(29);
    expect(head.running).toEqual(['a']);
    head.wait(2);
    expect(head.running).toEqual([]);
    expect(head.pumps.get('a')).toMatchObject({ given: 0, cup: 300 });
    expect(calibrated(head)).toMatchObject([
      { calibrationId: 'cal-1', tank: 'a', seconds: 30, isWhole: true },
    ]);
    expect(head.durable.doses).toEqual([]);
  });

  it.each([
    ['the person ends it', (head: TestHead) => head.send({ kind: 'stop_calibration' })],
    ['a person stops the head', (head: TestHead) => head.send({ kind: 'stop' })],
    ['water begins to flow', (head: TestHead) => head.open('run-1')],
  ])('stops in the step in which %s, and counts for nothing', (_what, end) => {
    const head = new TestHead();
    head.calibrate('a', 30);
    head.wait(5);
    end(head);
    expect(head.running).toEqual([]);
    expect(calibrated(head)).toMatchObject([{ isWhole: false }]);
  });

  it.each([
    ['while a dose is given', (head: TestHead) => head.open('r').wait(90), 'dose_calibration_doses'],
    [
      'while water flows',
      (head: TestHead) => head.open('r', { recipe: null }),
      'dose_calibration_water_flows',
    ],
    ['of a head that was stopped', (head: TestHead) => head.send({ kind: 'stop' }), 'dose_stopped_by_person'],
    ['while another runs', (head: TestHead) => head.calibrate('b'), 'dose_calibration_runs'],
  ])('does not begin %s', (_what, come, key) => {
    const head = new TestHead();
    come(head);
    expect(calibrationBar(head.state, { tank: 'a', seconds: 10 }, head.head, head.now)?.key).toBe(key);
    const before = head.running;
    head.calibrate('a');
    expect(head.running).toEqual(before);
  });

  it('takes a whole number of seconds that a person can stand there', () => {
    const head = new TestHead();
    for (const seconds of [-1, 0, 4, 10.5, 121, Number.NaN]) {
      head.calibrate('a', seconds);
      expect(head.running, String(seconds)).toEqual([]);
    }
  });

  it('of a pump that stays silent locks the head', () => {
    const head = new TestHead();
    head.carries.word = () => false;
    head.calibrate('a');
    head.wait(60);
    expect(head.state.lock?.key).toBe('dose_pump_silent');
  });
});

it('says of a dose what the probes saw, who got it and why it was over', () => {
  const head = new TestHead();
  head.probes = { ec: [1.2, 1.4], ph: [6.2], isGood: true };
  head.open('run-1');
  head.wait(1_100);
  head.open('run-2', { plannedLitres: 3_000 });
  head.wait(300);
  head.close('run-2');
  const doses = head.actions.flatMap((action) => (action.kind === 'journal_dose' ? [action.dose] : []));
  expect(doses.map(({ why }) => why.key)).toEqual(['dose_complete', 'dose_not_flushed']);
  expect(doses[0]).toMatchObject({ ec: expect.closeTo(1.3), ph: expect.closeTo(6.2) });
  const [run = expect.fail('nobody got it')] = Object.values(doses[0]?.shares ?? {});
  expect(run).toMatchObject({ zone: 'z', litres: expect.closeTo(doses[0]?.waterLitres ?? 0) });
});
