import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const here = new URL('.', import.meta.url);
const sources = [
  ...readdirSync(here)
    .filter((name) => /^[a-z-]+\.ts$/.test(name))
    .map((name) => new URL(name, here)),
  new URL('../irrigation/settings.ts', here),
  ...['controller', 'sources'].flatMap((folder) =>
    readdirSync(new URL(`../irrigation/${folder}/`, here))
      .filter((name) => name.endsWith('.ts') && !name.includes('.test.'))
      .map((name) => new URL(`../irrigation/${folder}/${name}`, here)),
  ),
];

it.each(['vi', 'en', 'zh'])('every reason of an answer has its words on the page (%s)', (language) => {
  const keys = sources.flatMap((source) =>
    [...readFileSync(source, 'utf8').matchAll(/reasonOf\(\s*'(\w+)'/g)].map(([, key]) => key),
  );
  expect(keys).toContain('command_expired');
  const words = new URL(`../../dashboards/field/messages/${language}.json`, here);
  expect(Object.keys(JSON.parse(readFileSync(words, 'utf8')).reason)).toEqual(expect.arrayContaining(keys));
});
