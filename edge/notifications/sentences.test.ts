import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { contentOf, wordsOf } from './content.ts';
import type { Due } from './escalation.ts';
import { readSentences, sentenceOf } from './sentences.ts';
import { languages } from './settings.ts';

const folder = fileURLToPath(new URL('../../dashboards/field/messages', import.meta.url));
const sentences = readSentences(folder, (error) => {
  throw error;
});
const timeZone = 'Asia/Ho_Chi_Minh';

it.each(languages)('has every sentence of the page, with its figures: %s', (language) => {
  expect(Object.keys(sentences[language]).length).toBeGreaterThan(200);
  for (const [key, template] of Object.entries(sentences[language])) {
    const names = [...template.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '');
    const figures = Object.fromEntries(
      names.filter((name) => name !== 'key').map((name) => [name.replace(/Minutes$/, 'Seconds'), 7]),
    );
    for (const name of names) if (name.endsWith('Minutes')) figures[name] = 7;
    const said = sentenceOf({ key, figures }, language, sentences, timeZone);
    expect(said).not.toMatch(/\{\{|\}\}|\?\?|undefined|NaN/);
  }
});

it('writes figures as the reader’s language does, moments in the farm’s own time', () => {
  const said = (language: 'vi' | 'en' | 'zh') =>
    sentenceOf(
      { key: 'sensor_silent', figures: { sensor: 'soil-a1', sinceAtMs: Date.UTC(2026, 10, 23, 20, 30) } },
      ...[language, sentences, timeZone],
    );
  expect(said('vi')).toContain('từ 03:30 24/11');
  expect(said('zh')).toContain('03:30 11月24日');
  const flow = { key: 'leak', figures: { flowLitresPerMinute: 1234.56 } };
  expect(sentenceOf(flow, 'vi', sentences, timeZone)).toContain('1.234,6 L/phút');
  expect(sentenceOf(flow, 'en', sentences, timeZone)).toContain('1,234.6 L/min');
});

it('says of a condition what it was judged by, so that nobody reads 0.2 below 0.2', () => {
  const figures = { text: 'Đất khô', device: 'p-0', value: 0.199, limit: 0.2, unit: 'm³/m³' };
  expect(sentenceOf({ key: 'condition_below', figures }, 'vi', sentences, timeZone)).toBe(
    'Đất khô: p-0 đo 0,199 m³/m³, thấp hơn mức 0,2 m³/m³.',
  );
});

it('says what has no sentence by its key and figures, rather than nothing', () => {
  expect(sentenceOf({ key: 'brand_new', figures: { litres: 3 } }, 'vi', sentences, timeZone)).toBe(
    'brand_new, litres 3',
  );
});

it.each(languages)('keeps an SMS within three parts, with the link whole or left out: %s', (language) => {
  const due = (n: number): Due => ({
    ...{ person: 'ba', channel: 'sms', what: 'new' },
    alarm: {
      ...{
        alarmId: `a${n}`,
        phase: 'calls',
        sinceMs: 0,
        priority: 'critical',
        source: `zone-${n}`,
        raisedAtMs: 0,
      },
      reason: { key: 'test_does_not_close', figures: { cutOffSeconds: 60 } },
      behind: n === 0 ? 4 : 0,
    },
  });
  const content = contentOf(Array.from({ length: 30 }, (_, n) => due(n)));
  for (const link of ['http://192.168.1.5:8081', `http://${'long.'.repeat(40)}vn`]) {
    const { short, text } = wordsOf(content, { language, sentences, site: 'Trại Sáu', timeZone, link });
    expect(short.length).toBeLessThanOrEqual(201);
    expect(short.includes('http')).toBe(short.includes(link));
    expect(text.split('\n')).toHaveLength(11);
    expect(text).toContain('22');
    expect(text.endsWith(link)).toBe(true);
  }
});
