import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const edge = new URL('../../edge/crop-protection/', import.meta.url);
const sources = readdirSync(edge, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(name))
  .map((name) => readFileSync(new URL(name, edge), 'utf8'));
/** What becomes of a dose that cannot be compared (edge/crop-protection/check-spray.ts). */
const doses = ['unit_unknown', 'unit_does_not_fit', 'water_missing'].map(
  (problem) => `spray_dose_${problem}`,
);
const said = new Set([
  ...doses,
  ...sources.flatMap((source) =>
    [...source.matchAll(/'((?:harvest|spray|import|no_entry)_[a-z0-9_]+)'/g)].map(([, key]) => key ?? ''),
  ),
]);

it.each(['vi', 'en', 'zh'])(
  '%s: each reason of crop protection has its sentence, and none is left over',
  (language) => {
    const path = new URL(`./messages/${language}.json`, import.meta.url);
    const { reason } = JSON.parse(readFileSync(path, 'utf8')) as { reason: Record<string, string> };
    const known = Object.keys(reason).filter((key) => /^(harvest|spray|import|no_entry)_/.test(key));
    expect([...said].filter((key) => !known.includes(key))).toEqual([]);
    expect(known.filter((key) => !said.has(key))).toEqual([]);
  },
);
