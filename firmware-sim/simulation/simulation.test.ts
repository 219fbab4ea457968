import { expect, test } from 'vitest';
import { builtInScenario, MemoryBus, Simulation, VirtualScheduler } from '../index.ts';

const HOUR_MS = 3_600_000;

/** A farm in memory, with a controller that waters by the clock; everything that was said, as it was said. */
function run(seed: number, hours: number, judgeEverySeconds?: number) {
  const scenario = builtInScenario('stuck-open');
  const scheduler = new VirtualScheduler(scenario.startMs);
  const bus = new MemoryBus(scheduler);
  const said: string[] = [];
  bus.subscribe('#', ({ topic, payload, by }) => said.push(`${scheduler.nowMs()} ${by} ${topic} ${payload}`));
  const simulation = new Simulation({ scenario, scheduler, connect: bus.connect, seed });
  simulation.start();
  scheduler.after(HOUR_MS, () => {
    for (const device of ['valve-n1', 'master-1', 'pump-1']) {
      const command = { id: 'morning', action: 'open', durationSeconds: 1800 };
      bus.publish({ topic: `nongtin/v1/${device}/valve/command`, payload: JSON.stringify(command) });
    }
  });
  const stepMs = judgeEverySeconds === undefined ? hours * HOUR_MS : judgeEverySeconds * 1000;
  for (let leftMs = hours * HOUR_MS; leftMs > 0; leftMs -= stepMs) {
    scheduler.advance(Math.min(leftMs, stepMs));
    if (judgeEverySeconds !== undefined) simulation.truth();
  }
  return { said, simulation };
}

test('the same seed and the same commands give the same messages, byte for byte; another seed others', () => {
  const { said } = run(1, 6);
  expect(said.length).toBeGreaterThan(500);
  expect(run(1, 6).said).toEqual(said);
  expect(run(2, 6).said).not.toEqual(said);
});

test('when it is stopped nothing runs on, whatever its devices had begun', async () => {
  const scheduler = new VirtualScheduler(0);
  const bus = new MemoryBus(scheduler);
  const scenario = builtInScenario('four-families');
  const simulation = new Simulation({ scenario, scheduler, connect: bus.connect });
  simulation.start();
  scheduler.advance(HOUR_MS + 60_000);
  await simulation.stop();
  scheduler.advance(1_000);
  expect(scheduler.nextAtMs()).toBeUndefined();
});

test('judging it often changes not a byte', () => {
  expect(run(1, 3, 7.3).said).toEqual(run(1, 3).said);
});

test('tells the truth about a valve that is stuck open, by the way of the water', () => {
  const { simulation } = run(1, 6);
  const { zones, sources } = simulation.truth();
  expect(zones.n1).toMatchObject({ openings: 1, longestOpenSeconds: expect.any(Number) });
  expect(zones.n1?.longestOpenSeconds).toBeGreaterThan(4 * 3600);
  // The pump closed with its lease: no pressure, no water.
  expect(sources.well).toMatchObject({ pumpOnSinceMs: null, deadHeadSeconds: 0 });
  expect(sources.well?.pumpSeconds).toBeCloseTo(1800, 0);
  expect(zones.n1?.flowLitresPerMinute).toBe(0);
  expect(zones.n1?.passedLitres).toBeGreaterThan(1000);
});
