import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@nongtin/service';
import { describe, expect, test } from 'vitest';
import { groups } from './index.ts';
import { judge } from './judge.ts';
import { play } from './play.ts';
import type { FarmScenario } from './scenario.ts';
import { rowOf } from './table.ts';

const documented = readFileSync(join(import.meta.dirname, '../../docs/scenarios.md'), 'utf8').split('\n');
/** A season on a machine that has much else to do. */
const PATIENCE_MS = 900_000;

/** Plays the scenarios of some groups, judges them, and holds the published table against what came of them. */
export function playAsExpected(names: readonly string[]): void {
  describe.each(names)('%s', (group) => {
    test.each(groups[group]?.map((scenario) => ({ ...scenario })) ?? [])(
      '$name: $title',
      { timeout: PATIENCE_MS },
      asDocumented,
    );
  });
}

/** The same of as many of them, in an order that is another one each time, as a third of NONGTIN_LONG_SECONDS allows; without it all. */
export function playSome(names: readonly string[]): void {
  const seconds = Number(process.env.NONGTIN_LONG_SECONDS ?? Number.POSITIVE_INFINITY) / 3;
  const seed = Number(process.env.NONGTIN_SEED ?? Date.now() % 1_000_000);
  test(`${names.join(', ')}: as many as ${seconds} s allow (seed ${seed})`, {
    timeout: 3_600_000,
  }, async () => {
    const random = seededRandom(seed);
    const drawn = names.flatMap((name) => groups[name] ?? []).map((scenario) => ({ scenario, at: random() }));
    const untilMs = performance.now() + seconds * 1000;
    for (const { scenario } of drawn.toSorted((a, b) => a.at - b.at))
      if (performance.now() < untilMs) await asDocumented(scenario);
  });
}

async function asDocumented(scenario: FarmScenario): Promise<void> {
  const played = await play(scenario);
  expect(judge(played, scenario.expect), scenario.name).toEqual([]);
  expect(documented, 'run node bench/scenarios/document.ts').toContain(rowOf(scenario, played));
}
