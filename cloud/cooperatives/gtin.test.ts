import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkDigit, isGtin14 } from './gtin.ts';

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((list) => list.join(''));

it('agrees with the examples of GS1', () => {
  expect(checkDigit('0061414112345')).toBe('2');
  expect(isGtin14('00614141123452')).toBe(true);
  expect(isGtin14('09506000134352')).toBe(true);
});

it('finds every single wrong digit', () => {
  fc.assert(
    fc.property(
      digits(13),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 1, max: 9 }),
      (body, at, by) => {
        const right = body + checkDigit(body);
        const wrong = [...right].map((digit, index) =>
          index === at ? String((Number(digit) + by) % 10) : digit,
        );
        return isGtin14(right) && !isGtin14(wrong.join(''));
      },
    ),
  );
});

it.each(['', '614141123452', '0061414112345X', ' 00614141123452', '٠٠٦١٤١٤١١٢٣٤٥٢'])('refuses %j', (text) => {
  expect(isGtin14(text)).toBe(false);
});
