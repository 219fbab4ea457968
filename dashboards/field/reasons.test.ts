import { readFileSync } from 'node:fs';
import { beforeAll, expect, it, vi } from 'vitest';
import type { sentence as Sentence } from './reasons.ts';

type Language = 'vi' | 'en' | 'zh';
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
/** Every reason that a program of the gateway gives, with figures as a farm has them. */
const examples = Object.entries(
  read('../../edge/irrigation/programs/reasons.json') as Record<string, Record<string, string | number>>,
);
const messages = (language: Language) =>
  read(`./messages/${language}.json`) as { reason: Record<string, string> };

let sentence: typeof Sentence;
let setLanguage: (language: Language) => Promise<void>;

beforeAll(async () => {
  // What the page finds in a browser, and the state that Svelte's compiler makes of a variable.
  vi.stubGlobal('$state', (value: unknown) => value);
  vi.stubGlobal('location', { search: '' });
  vi.stubGlobal('document', { documentElement: { lang: 'vi' } });
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => {} });
  const i18n = await import('../ui/i18n.svelte.ts');
  await i18n.speak({
    ...{ './messages/vi.json': messages('vi'), './messages/en.json': messages('en') },
    './messages/zh.json': messages('zh'),
  });
  setLanguage = i18n.setLanguage;
  sentence = (await import('./reasons.ts')).sentence;
});

const cases = (['vi', 'en', 'zh'] as const).flatMap((language) =>
  examples.map(([key, figures]) => [language, key, figures] as const),
);

it.each(cases)('%s: %s is a sentence with all its figures', async (language, key, figures) => {
  await setLanguage(language);
  const said = sentence({ key, figures });
  expect(said).not.toMatch(/\{\{|\}\}|undefined|NaN|Invalid/);
  expect(said).not.toBe(key);
  expect(said).toMatch(language === 'zh' ? /[。）]$/ : /\.$/);
  const [first] = (messages(language).reason[key] ?? '').split('{{');
  expect(said.startsWith(first ?? '')).toBe(true);
});

it('tells rain and soil as people do, in each language', async () => {
  const figures = { rainMm: 12.4, hours: 24, availableWater: 0.81 };
  const said: string[] = [];
  for (const language of ['vi', 'en', 'zh'] as const) {
    await setLanguage(language);
    said.push(sentence({ key: 'program_rain_soil', figures }).replaceAll('\u00a0', ' '));
  }
  expect(said).toEqual([
    'Chưa tưới: mưa 12,4 mm trong 24 giờ qua, đất 81 %.',
    'Not watered: 12.4 mm of rain in the last 24 h, soil at 81 %.',
    '未灌溉：过去 24 小时降雨 12.4 mm，土壤 81 %。',
  ]);
});

it('writes litres, dates and months as the language does', async () => {
  await setLanguage('vi');
  const ahead = Object.fromEntries(examples).program_depletion_ahead ?? {};
  expect(sentence({ key: 'program_depletion_ahead', figures: ahead })).toBe(
    'Tưới 33.750 L: đất thiếu 27 mm; đợi đến 04:00 ngày 24/11/2026 sẽ thiếu 32,1 mm, quá mức 30 mm.',
  );
  expect(sentence({ key: 'program_season_off', figures: { month: 9 } })).toBe(
    'Chưa tưới: tháng 9 chương trình không cho nước.',
  );
  // The few litres of a wet test keep their tenths.
  expect(sentence({ key: 'test_counter_stuck', figures: { flowLitres: 1.7 } })).toContain('1,7 L');
  await setLanguage('en');
  expect(sentence({ key: 'program_season_off', figures: { month: 9 } })).toBe(
    'Not watered: the program gives no water in September.',
  );
});

it('claims no flow of a valve that does not close where nobody measures it', async () => {
  const said: string[] = [];
  for (const language of ['vi', 'en', 'zh'] as const) {
    await setLanguage(language);
    said.push(sentence({ key: 'valve_does_not_close', figures: { flowLitresPerMinute: 38 } }));
    said.push(sentence({ key: 'valve_does_not_close', figures: {} }));
  }
  expect(said.map((words) => words.includes('38'))).toEqual([true, false, true, false, true, false]);
  expect(said.filter((words) => /\{\{|\/ ?min|L\/phút/.test(words))).toHaveLength(3);
});
