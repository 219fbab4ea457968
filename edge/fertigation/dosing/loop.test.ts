import { seededRandom } from '@nongtin/service';
import { expect, it } from 'vitest';
import { TestHead, TestPipe, tank, testHead } from './dosing.suite.ts';
import type { Recipe } from './types.ts';

const byEc: Recipe = {
  ...{ id: 'fruit', mode: 'ec', ecTarget: 1.8, deadBand: 0.05, ecRise: 1.2 },
  millilitresPerCubicMetre: { a: 4_000, b: 4_000, acid: 1_500 },
  ph: { target: 6, deadBand: 0.15, tank: 'acid' },
};

/** Noise of about one standard deviation, from seeded chance (Irwin-Hall, twelve of it). */
function noiseOf(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Array.from({ length: 12 }, random).reduce((sum, one) => sum + one, -6);
}

/** A head with a mixing chamber, whose stocks add `strength` of what the recipe says. */
function fed(strength: number, millilitresPerSecond = 16) {
  const plenty = { perRunMillilitres: 40_000, perDayMillilitres: 90_000, leftMillilitres: 400_000 };
  const tanks = [
    tank('acid', 1, { ...plenty, isAcid: true, millilitresPerSecond: 8 }),
    tank('a', 2, { ...plenty, millilitresPerSecond, maxPulseSeconds: 3 }),
    tank('b', 3, { ...plenty, millilitresPerSecond, maxPulseSeconds: 3 }),
  ];
  const head = new TestHead(testHead({ tanks, mixingLitres: 60, separationLitres: 0 }));
  head.pipe = new TestPipe({
    ...{ litres: 40, noise: noiseOf(7) },
    ...{ ecPerMillilitrePerLitre: (1.2 / 8) * strength, phPerMillilitrePerLitre: 1.4 },
  });
  return head;
}

/** Of the time in which it dosed: how much the water was within 0.15 mS/cm of the target, and within 0.3 of its pH. */
function watered(head: TestHead, runId: string, sourceEc: (second: number) => number) {
  const [seconds, good] = [{ all: 0 }, { ec: 0, ph: 0 }];
  const before = head.counter;
  head.open(runId, { recipe: byEc, plannedLitres: 2_100, litresPerMinute: 50 });
  let second = 0;
  head.wait(2_600, () => {
    if (head.pipe === null) return;
    head.pipe.sourceEc = sourceEc(second++);
    if (
      head.state.session === null ||
      head.counter - before < head.head.preFlushLitres + head.head.mixingLitres
    )
      return;
    if (head.state.why !== null) return;
    seconds.all += 1;
    if (Math.abs(head.pipe.ec - 1.8) <= 0.15) good.ec += 1;
    if (Math.abs(head.pipe.ph - 6) <= 0.3) good.ph += 1;
  });
  return { ec: good.ec / seconds.all, ph: good.ph / seconds.all, seconds: seconds.all };
}

it.each([1, 0.7, 1.4])(
  'EC is held with stocks of %d times their stated strength and source water that changes',
  (strength) => {
    const head = fed(strength);
    watered(head, 'run-1', () => 0.6);
    const second = watered(head, 'run-2', (at) => 0.6 + 0.2 * Math.sin(at / 400));
    expect(second.seconds).toBeGreaterThan(2_000);
    expect(second.ec).toBeGreaterThan(0.9);
  },
);

it('pH is held by acid', () => {
  const head = fed(1);
  const first = watered(head, 'run-1', () => 0.6);
  const second = watered(head, 'run-2', () => 0.6);
  expect(first.ph).toBeGreaterThan(0.75);
  // It begins with what the first has found.
  expect(second.ph).toBeGreaterThan(0.95);
});

it('a pump that gives too little for so much water is told', () => {
  const head = fed(0.3);
  head.open('run-1', { recipe: { ...byEc, ecRise: 0.4 }, plannedLitres: 6_000, litresPerMinute: 120 });
  head.wait(900);
  const key = 'dose_pump_too_slow';
  expect(head.actions).toContainEqual(
    expect.objectContaining({ kind: 'raise_alarm', reason: expect.objectContaining({ key }) }),
  );
});

it('stock that does not come out is found out, and locks the head', () => {
  const head = fed(0.05);
  watered(head, 'run-1', () => 0.6);
  expect(head.state.lock?.key).toBe('dose_no_effect');
  const after = head.given('a');
  watered(head, 'run-2', () => 0.6);
  expect(head.given('a')).toBe(after);
});

it('pumps that are much too small are no empty tank: told, and not locked', () => {
  const head = fed(1, 1);
  head.open('run-1', { recipe: byEc, plannedLitres: 2_100, litresPerMinute: 50 });
  head.wait(2_000);
  expect(head.given('a')).toBeGreaterThan(100);
  expect(head.state.lock).toBeNull();
  const reason = expect.objectContaining({ key: 'dose_pump_too_slow' });
  expect(head.actions).toContainEqual(expect.objectContaining({ kind: 'raise_alarm', reason }));
});
