import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { remembered, wrapped } from './lines.ts';

const byLetters = (text: string) => [...text].length;

describe('lines of a column', () => {
  it('break after blanks, dashes and slashes, and not within grades, days and units', () => {
    expect(wrapped('NPK 16-16-8 ngày 23/11/2026', 10, byLetters)).toEqual([
      'NPK',
      '16-16-8',
      'ngày',
      '23/11/2026',
    ]);
    expect(wrapped('06:10–08:05', 8, byLetters)).toEqual(['06:10–', '08:05']);
    expect(wrapped('1234/CNĐKT-BVTV', 8, byLetters)).toEqual(['1234/', 'CNĐKT-', 'BVTV']);
    expect(wrapped('một\n\nhai', 9, byLetters)).toEqual(['một', '', 'hai']);
  });

  it('lose no letter and are never wider than the column, whatever is written', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'ẫ', 'Đ', '水', ' ', '-', '/', '–', '5', ',', '\n', '\t', '😀'),
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 12 }), (written, width) => {
        const lines = wrapped(written, width, byLetters);
        for (const line of lines) expect(byLetters(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replace(/\s/g, '')).toBe(written.replace(/\s/g, ''));
      }),
    );
  });

  it('measure each word once', () => {
    const asked: string[] = [];
    const widthOf = remembered((text) => asked.push(text) && text.length);
    wrapped('rệp sáp rệp sáp rệp sáp', 8, widthOf);
    expect(asked).toEqual(['rệp', ' ', 'sáp']);
  });
});
