import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { byRatio, TestHead, tank, testHead } from './dosing.suite.ts';
import type { Recipe } from './types.ts';

/** Hundreds of stories; on a busy machine they take a minute. */
vi.setConfig({ testTimeout: 180_000 });

/**
 * Whatever comes in whatever order, no pump runs without water, in the flushes, in a doubt or after a stop for longer than a second,
 * two never run at once, and no limit of a run, a day or a tank is exceeded in what has really come out. Only into a measuring cup a
 * pump runs without water: never while anything else is to flow or was stopped, and no longer than it was told to.
 */

const TOUGH = { perRunMillilitres: 250, perDayMillilitres: 350, leftMillilitres: 5_000 };
const toughHead = testHead({
  tanks: [
    tank('acid', 1, { isAcid: true, millilitresPerSecond: 2, ...TOUGH, perDayMillilitres: 100 }),
    tank('a', 2, { ...TOUGH, apartFrom: ['b'] }),
    tank('b', 3, { ...TOUGH, apartFrom: ['a'], maxPulseSeconds: 8 }),
  ],
});

const recipes: readonly (Recipe | null)[] = [
  null,
  byRatio,
  {
    ...{ id: 'by-ec', mode: 'ec', ecTarget: 1.8, deadBand: 0.05, ecRise: 1.2 },
    ...{
      millilitresPerCubicMetre: { a: 4_000, b: 4_000, acid: 1_500 },
      ph: { target: 6, deadBand: 0.1, tank: 'acid' },
    },
  },
  { id: 'shot', mode: 'quantity', ph: null, millilitresPerCubicMetre: {}, millilitres: { a: 700, b: 800 } },
];

const seconds = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 60, max: 300 }));
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: fc.constant('open' as const), recipe: fc.constantFrom(0, 1, 1, 1, 2, 2, 3, 3) },
      ...{ litres: fc.integer({ min: 200, max: 2_000 }), litresPerMinute: fc.integer({ min: 10, max: 120 }) },
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), which: fc.nat(3) }) },
  // All is well, and another zone has its turn.
  { weight: 4, arbitrary: fc.record({ do: fc.constant('next' as const), recipe: fc.constantFrom(1, 2, 3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{
        do: fc.constant('probe' as const),
        quantity: fc.constantFrom('ec' as const, 'ph' as const),
        index: fc.nat(1),
      },
      value: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 14, noNaN: true })),
      isGood: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('probes well' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unlock' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('clock' as const), hours: fc.integer({ min: -40, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('journal' as const), isOk: fc.constantFrom(true, true, false) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ do: fc.constant('calibrate' as const), tank: fc.constantFrom('acid', 'a', 'b') },
      seconds: fc.integer({ min: 4, max: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put the cup down' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('astray' as const), tank: fc.constantFrom('acid', 'a', 'b') }),
  },
);
const story = fc
  .tuple(fc.constantFrom(1, 2, 3), fc.array(event, { minLength: 1, maxLength: 40 }))
  .map(([recipe, happenings]): Happening[] => [
    { do: 'open', recipe, litres: 2_000, litresPerMinute: 60 },
    { do: 'wait', seconds: 60 },
    ...happenings,
  ]);
type Happening = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Plays a story and looks at the pumps every second. */
class Story {
  readonly head: TestHead;
  #names = 0;
  #hasRestarted = false;
  #hasClockMoved = false;
  /** Since when a pump has run that must not, real milliseconds. */
  #wrongSince: number | null = null;
  readonly #byRun = new Map<string, number>();
  readonly #before = new Map<string, number>();
  readonly #stoppedRuns = new Set<string>();
  readonly #most: number;

  constructor(mostWrongMs: number, config = toughHead) {
    this.#most = mostWrongMs;
    this.head = new TestHead(config);
  }

  play(happening: Happening): void {
    const { head } = this;
    switch (happening.do) {
      case 'wait':
        head.wait(happening.seconds, () => this.#look());
        break;
      case 'open': {
        const { litres, litresPerMinute, recipe } = happening;
        if (head.runs.length >= 2) return;
        head.open(`run-${++this.#names}`, {
          ...{ plannedLitres: litres, litresPerMinute, recipe: recipes[recipe] ?? null },
        });
        break;
      }
      case 'close': {
        const run = head.runs[happening.which];
        if (run) head.close(run.runId);
        break;
      }
      case 'next':
        for (const { runId } of [...head.runs]) head.close(runId);
        head.probes = { ec: [0.9, 0.95], ph: [6.4], isGood: true };
        head.open(`run-${++this.#names}`, { plannedLitres: 900, recipe: recipes[happening.recipe] ?? null });
        head.wait(250, () => this.#look());
        break;
      case 'probe': {
        const values = head.probes[happening.quantity];
        if (happening.index < values.length) values[happening.index] = happening.value;
        head.probes.isGood = happening.isGood;
        break;
      }
      case 'probes well':
        head.probes = { ec: [0.9, 0.95], ph: [6.4], isGood: true };
        break;
      case 'stop':
        for (const { runId } of head.runs) this.#stoppedRuns.add(runId);
        head.send({ kind: 'stop' });
        break;
      case 'restart':
        this.#hasRestarted = true;
        // What the gateway remembers of a run that was stopped goes with it; its water does too, closed by the start's sweep.
        head.runs = [];
        head.restart();
        break;
      case 'clock':
        this.#hasClockMoved = true;
        head.now = { ...head.now, atMs: head.now.atMs + happening.hours * 3_600_000 };
        break;
      case 'journal':
        head.isJournalOk = happening.isOk;
        break;
      case 'calibrate':
        head.calibrate(happening.tank, happening.seconds);
        break;
      case 'put the cup down':
        head.send({ kind: 'stop_calibration' });
        break;
      case 'astray':
        head.send({ kind: 'pump', tank: happening.tank, isRunning: true });
        break;
      default:
        head.send({ kind: happening.do });
    }
    this.#look();
  }

  #look(): void {
    const { head } = this;
    const { running } = head;
    if (head.carries.command()) expect(running.length).toBeLessThanOrEqual(1);
    if (running.length > 0 && !this.#mayRun()) {
      this.#wrongSince ??= head.now.realMs;
      expect(head.now.realMs - this.#wrongSince, running.join()).toBeLessThanOrEqual(this.#most);
    } else this.#wrongSince = null;
    this.#count();
  }

  #mayRun(): boolean {
    const { head } = this;
    const [cup] = [...head.pumps].filter(([, { isOn, isInCup }]) => isOn && isInCup);
    if (cup !== undefined) {
      const isInjector = head.head.tanks.some(({ id, injector }) => id === cup[0] && injector !== undefined);
      const isFree = !head.state.isHeld && head.state.lock === null && head.state.session === null;
      return isFree && head.runs.length > 0 === isInjector && cup[1].endsMs - head.now.realMs <= 8_000;
    }
    return (
      head.runs.length > 0 &&
      head.runs.every(
        ({ runId, passed, plannedLitres, recipe }) =>
          recipe !== null &&
          !this.#stoppedRuns.has(runId) &&
          passed >= head.head.preFlushLitres &&
          plannedLitres - passed >= head.head.postFlushLitres - 10,
      )
    );
  }

  #count(): void {
    const { head } = this;
    for (const { id, perRunMillilitres, perDayMillilitres } of head.head.tanks) {
      const given = head.given(id);
      const more = given - (this.#before.get(id) ?? 0);
      this.#before.set(id, given);
      for (const { runId } of head.runs.slice(0, 1)) {
        const key = `${runId} ${id}`;
        const ofRun = (this.#byRun.get(key) ?? 0) + more;
        this.#byRun.set(key, ofRun);
        expect(ofRun, key).toBeLessThanOrEqual(perRunMillilitres + 1e-6);
      }
      // A story lasts an hour or two. Only a clock that was put forward before a restart begins a new day.
      if (!(this.#hasClockMoved && this.#hasRestarted))
        expect(given, id).toBeLessThanOrEqual(perDayMillilitres + 1e-6);
    }
  }
}

it('nothing is dosed that may not be, and no limit is exceeded, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(story, (happenings) => {
      const played = new Story(0);
      for (const happening of happenings) played.play(happening);
    }),
    { numRuns: 400 },
  );
});

it('so it is of injectors, which draw from whatever flows', () => {
  const injectors = testHead({
    tanks: toughHead.tanks.map((one) => ({
      ...{ ...one, millilitresPerSecond: null },
      injector: { millilitresPerLitre: one.isAcid ? 1 : 8 },
    })),
  });
  fc.assert(
    fc.property(story, (happenings) => {
      const played = new Story(0, injectors);
      for (const happening of happenings) played.play(happening);
    }),
    { numRuns: 200 },
  );
});

it('where messages are lost a pump runs on no longer than its own lease', () => {
  fc.assert(
    fc.property(story, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (happenings, chance) => {
      const played = new Story(8_000);
      const isCarried = () => chance.next().value >= 3;
      played.head.carries = { command: isCarried, word: isCarried };
      for (const happening of happenings) played.play(happening);
    }),
    { numRuns: 300 },
  );
});

it('what is recorded is what came out, to a pulse', () => {
  fc.assert(
    fc.property(story, (happenings) => {
      const played = new Story(0);
      const { head } = played;
      for (const happening of happenings.filter((one) => one.do !== 'restart' && one.do !== 'astray'))
        played.play(happening);
      for (const { runId } of [...head.runs]) head.close(runId);
      head.wait(30);
      const recorded = head.durable.doses
        .filter(({ tank: id }) => id === 'a')
        .reduce((sum, { millilitres }) => sum + millilitres, 0);
      expect(recorded).toBeGreaterThanOrEqual(head.given('a') - 1e-6);
      expect(recorded).toBeLessThanOrEqual(head.given('a') + 1e-6 + 10 * head.durable.doses.length);
    }),
    { numRuns: 200 },
  );
});
