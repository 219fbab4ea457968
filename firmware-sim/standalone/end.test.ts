import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { TestBroker } from '../links/test-broker.suite.ts';
import { builtInScenario, scenarioOf } from '../scenarios/library.ts';
import { VirtualScheduler } from '../time/virtual-scheduler.ts';
import { Fleet } from './fleet.ts';

const SPEED = 3600;
/** Twelve hours at that speed. */
const LENGTH_MS = 12_000;

/** A farm that nobody waters, with what is expected of it; `truth` reads the file that it has written. */
async function farm(expected: object | undefined, exits = false, more: object = {}) {
  const broker = new TestBroker();
  await broker.start();
  onTestFinished(() => broker.stop());
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-sim-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const truthPath = join(folder, 'truth.json');
  const weather = 'date,min_c,max_c,rain_mm\n2026-02-10,18,26,40\n';
  writeFileSync(join(folder, 'weather.csv'), weather);
  const file = {
    ...{ format: 'nongtin-scenario-1', name: 'test', title: { vi: 'Thử', en: 'Test' }, farm: 'two-zones' },
    ...{ start: '2026-02-10T05:00:00+07:00', length: 'PT12H', faults: [] },
    ...(expected === undefined ? {} : { expect: expected }),
    ...more,
  };
  const scenario = scenarioOf(file, folder);
  const time = new VirtualScheduler(scenario.startMs);
  const said: string[] = [];
  const logger = pino({}, { write: (line: string) => void said.push(line) });
  const login = () => undefined;
  const fleet = new Fleet(
    { scenario, brokerUrl: broker.url, login, speed: SPEED, seed: 5, truthPath, exits },
    time,
    logger,
  );
  await fleet.start();
  onTestFinished(() => fleet.stop());
  const truth = () => JSON.parse(readFileSync(truthPath, 'utf8'));
  return { fleet, time, truth, truthPath, folder, scenario, said: () => said.join('') };
}

test('the truth is that of the end of the scenario, whenever it is stopped afterwards', async () => {
  const [one, other] = [await farm(undefined), await farm(undefined)];
  for (const { time } of [one, other]) time.advance(LENGTH_MS);
  one.time.advance(3_920);
  other.time.advance(4_250);
  for (const { fleet } of [one, other]) await fleet.stop();
  expect(one.truth()).toMatchObject({ complete: true, failures: null });
  expect(one.truth().atMs).toBe(one.scenario.startMs + 12 * 3_600_000);
  expect(other.truth()).toEqual(one.truth());
});

test('a farm that is stopped before its end says that its truth is not complete', async () => {
  const { fleet, time, truth, said } = await farm({ starts: { n1: [1, 1] } });
  time.advance(LENGTH_MS / 2);
  await fleet.stop();
  expect(truth()).toMatchObject({ complete: false, failures: null });
  expect(said()).not.toContain('not as expected');
});

test('the verdict is told, stands beside the truth, and is the exit code', async () => {
  const bad = await farm({ starts: { n1: [1, 9] }, burstLitres: 0 }, true);
  bad.time.advance(LENGTH_MS);
  const failure = 'zone n1 was opened 0 times, not 1 to 9';
  expect(bad.truth().failures).toEqual([failure]);
  expect(bad.said()).toContain(`not as expected: ${failure}`);
  expect(bad.said()).toContain('the scenario is over, and 1 of its expectations failed');
  expect(await bad.fleet.ended).toBe(1);
  const good = await farm({ starts: { n1: [0, 0] } }, true);
  good.time.advance(LENGTH_MS);
  expect(good.truth().failures).toEqual([]);
  expect(good.said()).toContain('everything came as expected');
  expect(await good.fleet.ended).toBe(0);
});

test('without being told to end with the scenario, the farm goes on', async () => {
  const { fleet, time, truthPath, truth, said } = await farm({ burstLitres: 0 });
  expect(fleet.ended).toBeUndefined();
  time.advance(LENGTH_MS);
  expect(said()).toContain('the farm goes on until it is stopped');
  writeFileSync(truthPath, '{"mine":true}');
  await fleet.stop();
  expect(truth()).toEqual({ mine: true });
});

test('a farm that goes on beyond its weather file says once that there will be no rain', async () => {
  const { time, said } = await farm(undefined, false, {
    ...{ start: '2026-02-10T12:00:00+07:00', weather: { file: 'weather.csv' } },
  });
  time.advance(LENGTH_MS - 1);
  expect(said()).not.toContain('the weather file is over');
  time.advance(10 * LENGTH_MS);
  expect(
    said().split('the weather file is over: its last day comes again and again, without rain'),
  ).toHaveLength(2);
});

test('a truth that cannot be written is refused before anything runs', async () => {
  const scenario = builtInScenario('burst-pipe');
  const options = { scenario, brokerUrl: 'mqtt://127.0.0.1:1', login: () => undefined, speed: 1, seed: 1 };
  const time = new VirtualScheduler(scenario.startMs);
  for (const [truthPath, code] of [
    ['/nowhere/truth.json', 'ENOENT'],
    [tmpdir(), 'EISDIR'],
  ]) {
    const fleet = new Fleet({ ...options, truthPath }, time, pino({ level: 'silent' }));
    const start = fleet.start();
    await expect(start).rejects.toThrow(StartProblem);
    await expect(start).rejects.toThrow(`--truth ${truthPath} cannot be written (${code})`);
  }
});

test('a truth that cannot be written at the end is told, the verdict too, and the exit code is not 0', async () => {
  const { fleet, time, folder, said } = await farm({ starts: { n1: [0, 0] } }, true);
  rmSync(folder, { recursive: true });
  time.advance(LENGTH_MS);
  expect(said()).toContain('could not write what really happened in the field');
  expect(said()).toContain('everything came as expected');
  expect(await fleet.ended).toBe(1);
});
