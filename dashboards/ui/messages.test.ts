import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const dashboards = new URL('../', import.meta.url);
const pages = ['field', 'console', 'verify'];
const others = ['en', 'zh'];

const read = (path: string) => readFileSync(new URL(path, dashboards), 'utf8');

/** The sentences in a folder as 'path.to.key' → the sentence; a plural's forms are one. */
function sentences(folder: string, language: string): Map<string, string> {
  const flat = (catalogue: object, path: string): [string, string][] =>
    Object.entries(catalogue).flatMap(([key, value]): [string, string][] =>
      typeof value === 'string'
        ? [[`${path}${key.replace(/_one$/, '_other')}`, value]]
        : flat(value as object, `${path}${key}.`),
    );
  return new Map(flat(JSON.parse(read(`${folder}/messages/${language}.json`)) as object, ''));
}

/** Each key with the names of its figures. */
function figures(folder: string, language: string) {
  return new Map(
    [...sentences(folder, language)].map(([key, sentence]) => [
      key,
      [...sentence.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort(),
    ]),
  );
}

function codeOf(folder: string): string {
  return readdirSync(new URL(`${folder}/`, dashboards))
    .filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith('.test.ts'))
    .map((name) => read(`${folder}/${name}`))
    .join('\n');
}

/** The keys that a page's code names in full: t('zones.title'), and a key kept for later such as 'onboard.hasValve'. */
function namedIn(code: string, groups: ReadonlySet<string>): string[] {
  return [...code.matchAll(/'(\w+)(\.\w+)+'/g)]
    .filter(([, group]) => groups.has(group ?? ''))
    .map(([quoted]) => quoted.slice(1, -1));
}

/** The keys that it puts together: t(`state.${phase}`) may ask for each of its group. */
function patternsIn(code: string): RegExp[] {
  return [...code.matchAll(/`(\w+\.[\w.]*\$\{[^`]*)`/g)].map(
    ([, template = '']) => new RegExp(`^${template.replace(/\$\{[^}]*\}/g, '\\w+')}$`),
  );
}

const simple = (key: string) => key.replace(/_other$/, '');

it.each(['ui', ...pages].flatMap((folder) => others.map((language) => [folder, language])))(
  'says the same things with the same figures in Vietnamese and in another language: %s, %s',
  (folder, language) => {
    expect(figures(folder, language)).toEqual(figures(folder, 'vi'));
    expect([...sentences(folder, language).values()]).not.toContain('');
  },
);

it.each(pages)('a page has the sentences that its code asks for: %s', (page) => {
  const keys = [...sentences('ui', 'vi').keys(), ...sentences(page, 'vi').keys()].map(simple);
  const groups = new Set(
    pages
      .flatMap((one) => [...sentences(one, 'vi').keys()])
      .concat(keys)
      .map((key) => key.split('.')[0] ?? ''),
  );
  expect(namedIn(codeOf(page) + codeOf('ui'), groups).filter((key) => !keys.includes(key))).toEqual([]);
  const unknown = patternsIn(codeOf(page)).filter((pattern) => !keys.some((key) => pattern.test(key)));
  expect(unknown).toEqual([]);
});

it.each(['ui', ...pages])('no sentence is there that nobody says: %s', (folder) => {
  const code = codeOf('ui') + (folder === 'ui' ? pages : [folder]).map(codeOf).join('\n');
  const patterns = patternsIn(code);
  const isSaid = (key: string) => code.includes(`'${key}'`) || patterns.some((pattern) => pattern.test(key));
  expect([...sentences(folder, 'vi').keys()].map(simple).filter((key) => !isSaid(key))).toEqual([]);
});
