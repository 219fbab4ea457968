import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import examples from './reasons.json' with { type: 'json' };
import type { ProgramReasons } from './reasons.ts';

/** The compiler sees to it that there is an example of each reason, with all its figures. */
const typed: ProgramReasons = examples;

it.each(['vi', 'en', 'zh'])(
  'every reason of a program has its sentence, and no sentence is left over: %s',
  (language) => {
    const url = new URL(`../../../dashboards/field/messages/${language}.json`, import.meta.url);
    const { reason } = JSON.parse(readFileSync(url, 'utf8')) as { reason: Record<string, string> };
    const said = Object.keys(reason).filter((key) => key.startsWith('program_'));
    expect(
      Object.keys(typed)
        .filter((key) => key.startsWith('program_'))
        .sort(),
    ).toEqual(said.sort());
  },
);
