import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FarmClock } from './farm-clock.ts';
import { systemScheduler } from './scheduler.ts';
import { VirtualScheduler } from './virtual-scheduler.ts';

describe('the virtual scheduler', () => {
  test('runs timers by their time, those of one instant in the order in which they were set, and none that was called off', () => {
    const timer = fc.record({ delayMs: fc.integer({ min: 0, max: 50 }), isCancelled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 60 }), (timers) => {
        const scheduler = new VirtualScheduler(1_000);
        const ran: number[] = [];
        const cancels = timers.map(({ delayMs }, index) => scheduler.after(delayMs, () => ran.push(index)));
        for (const [index, { isCancelled }] of timers.entries()) if (isCancelled) cancels[index]?.();
        scheduler.advance(50);
        const wanted = [...timers.entries()]
          .filter(([, { isCancelled }]) => !isCancelled)
          .toSorted(([a, one], [b, other]) => one.delayMs - other.delayMs || a - b)
          .map(([index]) => index);
        expect(ran).toEqual(wanted);
        expect(scheduler.nowMs()).toBe(1_050);
      }),
    );
  });

  test('goes timer by timer for who works in between, and takes timers that timers set', () => {
    const scheduler = new VirtualScheduler(0);
    const ran: number[] = [];
    const tick = () => {
      ran.push(scheduler.nowMs());
      if (ran.length < 3) scheduler.after(10, tick);
    };
    scheduler.after(5, tick);
    expect(scheduler.nextAtMs()).toBe(5);
    while (scheduler.step());
    expect(ran).toEqual([5, 15, 25]);
    expect(scheduler.nextAtMs()).toBeUndefined();
  });
});

test('a farm’s clock runs by its speed, and what repeats keeps its pace', () => {
  const scheduler = new VirtualScheduler(1_000_000);
  const clock = new FarmClock(scheduler, { startMs: 0, speed: 60 });
  const at: number[] = [];
  const stop = clock.every({ firstSeconds: 60, periodSeconds: 600 }, () => at.push(clock.nowMs() / 1000));
  scheduler.advance(31_000);
  stop();
  scheduler.advance(60_000);
  expect(at).toEqual([60, 660, 1_260, 1_860]);
  expect(clock.wallMs()).toBe(1_091_000);
});

describe('the system’s scheduler', () => {
  afterEach(() => vi.useRealTimers());

  test('waits longer than setTimeout can', () => {
    vi.useFakeTimers();
    const day = 86_400_000;
    let runs = 0;
    systemScheduler.after(60 * day, () => {
      runs += 1;
    });
    const cancel = systemScheduler.after(60 * day, () => {
      runs += 10;
    });
    vi.advanceTimersByTime(59 * day);
    expect(runs).toBe(0);
    cancel();
    vi.advanceTimersByTime(day);
    expect(runs).toBe(1);
  });
});
