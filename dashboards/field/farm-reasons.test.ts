import { readdirSync, readFileSync } from 'node:fs';
import { JournalRecord } from '@nongtin/broker/wire';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { sentence as Sentence } from './reasons.ts';

type Language = 'vi' | 'en' | 'zh';
const languages = ['vi', 'en', 'zh'] as const;
const messages = (language: Language) =>
  JSON.parse(readFileSync(new URL(`./messages/${language}.json`, import.meta.url), 'utf8')) as {
    reason: Record<string, string>;
  };

/** Kinds of records are named like reasons, and nobody reads them. */
const recordKinds = new Set<string>(JournalRecord.anyOf.map(({ properties }) => properties.kind.const));

/** Every reason that a folder of the gateway names; a key that is put together stands for each of its ends. */
function keysIn(folder: string, prefix: string, ends: readonly string[]): Set<string> {
  const edge = new URL(`../../edge/${folder}/`, import.meta.url);
  const quoted = new RegExp(`['\`](${prefix}_[a-z0-9_]+)(\\$\\{\\w+\\})?['\`]`, 'g');
  return new Set(
    readdirSync(edge, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(name))
      .map((name) => readFileSync(new URL(name, edge), 'utf8'))
      .flatMap((source) => [...source.matchAll(quoted)])
      .flatMap(([, key = '', end]) => (end === undefined ? [key] : ends.map((one) => `${key}${one}`)))
      .filter((key) => !recordKinds.has(key)),
  );
}

describe.each([
  ['fertigation', 'dose', keysIn('fertigation', 'dose', ['run', 'day', 'tank'])],
  ['pest', 'pest', keysIn('pest', 'pest', [])],
] as const)('reasons of edge/%s', (_folder, prefix, said) => {
  it.each(languages)('%s: each has its sentence, and none is left over', (language) => {
    const known = Object.keys(messages(language).reason).filter((key) => key.startsWith(`${prefix}_`));
    expect([...said].filter((key) => !known.includes(key))).toEqual([]);
    expect(known.filter((key) => !said.has(key))).toEqual([]);
  });

  it.each(languages)('%s: each ends as a sentence does', (language) => {
    const unended = Object.entries(messages(language).reason)
      .filter(([key]) => key.startsWith(`${prefix}_`))
      .filter(([, words]) => !(language === 'zh' ? /[。！]$/ : /[.!]$/).test(words));
    expect(unended).toEqual([]);
  });
});

describe('figures', () => {
  let sentence: typeof Sentence;
  let setLanguage: (language: Language) => Promise<void>;

  beforeAll(async () => {
    vi.stubGlobal('$state', (value: unknown) => value);
    vi.stubGlobal('location', { search: '' });
    vi.stubGlobal('document', { documentElement: { lang: 'vi' } });
    vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} });
    const i18n = await import('../ui/i18n.svelte.ts');
    await i18n.speak(Object.fromEntries(languages.map((one) => [`./messages/${one}.json`, messages(one)])));
    setLanguage = i18n.setLanguage;
    sentence = (await import('./reasons.ts')).sentence;
  });

  it('of EC and pH are told to the hundredth, under their symbols', async () => {
    const disagree = {
      key: 'dose_probes_disagree',
      figures: { quantity: 'ec', low: 1.824, high: 2.05, tolerance: 0.2 },
    };
    const said: string[] = [];
    for (const language of languages) {
      await setLanguage(language);
      said.push(sentence(disagree));
    }
    expect(said).toEqual([
      'Không châm phân: hai đầu đo EC báo 1,82 và 2,05, lệch nhau quá 0,2. Rửa và chuẩn lại cả hai.',
      'No dosing: the two EC probes say 1.82 and 2.05, further apart than 0.2. Clean and calibrate both.',
      '不加肥：两支 EC 探头显示 1.82 和 2.05，相差超过 0.2。请清洗并校准两支。',
    ]);
    await setLanguage('vi');
    expect(
      sentence({ key: 'dose_no_effect', figures: { recipe: 'a', expectedEc: 1.204, seenEc: 0.1 } }),
    ).toMatch(/tăng 1,2 mS\/cm mà chỉ tăng 0,1\./);
    expect(sentence({ key: 'dose_limit_run', figures: { tank: 'a', millilitres: 4999.6 } })).toContain(
      '5.000 mL',
    );
  });

  it('of catches say what was found and the threshold', async () => {
    await setLanguage('vi');
    expect(sentence({ key: 'pest_above_threshold', figures: { caught: 3.3333, action: 3 } })).toBe(
      'Mật số cao: trung bình 3,3 con mỗi bẫy mỗi ngày, đã tới ngưỡng phòng trừ 3.',
    );
  });
});
