import { describe, expect, it } from 'vitest';
import { languageOf } from './words.ts';

describe('the language of an answer', () => {
  it.each([
    ['en', 'vi', 'en'],
    ['zh', 'vi', 'zh'],
    [undefined, 'vi-VN,vi;q=0.9,en;q=0.8', 'vi'],
    [undefined, 'en-US,en;q=0.9', 'en'],
    [undefined, 'en;q=0.5, vi;q=0.9', 'vi'],
    [undefined, 'zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    [undefined, 'fr-FR,fr;q=0.9', 'en'],
    [undefined, undefined, 'vi'],
    [undefined, '*', 'vi'],
    ['xx', ';;;q=,', 'vi'],
  ] as const)('asked %s by a browser that says %s: %s', (asked, header, language) => {
    expect(languageOf(asked, header)).toBe(language);
  });
});
