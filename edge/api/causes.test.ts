import { readFileSync } from 'node:fs';
import { REACH_PROBLEMS, REFUSAL_CAUSES } from '@nongtin/broker';
import { quarantineCauses } from '@nongtin/broker/wire';
import { expect, it } from 'vitest';

/** The page's own words: it is built from this file, and imports nothing of the gateway's. */
const wordsOf = (language: string, part: 'cause' | 'brokerProblem' = 'cause'): Record<string, string> =>
  JSON.parse(
    readFileSync(new URL(`../../dashboards/field/messages/${language}.json`, import.meta.url), 'utf8'),
  )[part];

it.each(['vi', 'en', 'zh'])(
  'every cause of a refusal and of a quarantine has its words on the page (%s)',
  (language) => {
    expect(Object.keys(wordsOf(language)).sort()).toEqual([...quarantineCauses, ...REFUSAL_CAUSES].sort());
  },
);

it.each(['vi', 'en', 'zh'])(
  'whatever keeps a broker elsewhere away has its words on the page (%s)',
  (language) => {
    expect(Object.keys(wordsOf(language, 'brokerProblem')).sort()).toEqual([...REACH_PROBLEMS].sort());
  },
);
