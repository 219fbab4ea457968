import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { groups } from './index.ts';
import { judge } from './judge.ts';
import { play } from './play.ts';
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
      async (scenario) => {
        const played = await play(scenario);
        expect(judge(played, scenario.expect)).toEqual([]);
        expect(documented, 'run node bench/scenarios/document.ts').toContain(rowOf(scenario, played));
      },
    );
  });
}
