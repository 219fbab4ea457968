import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodedPdu } from './pdu.suite.ts';
import { submitPdus } from './pdu.ts';

it('is what the specification’s own example is: "hellohello" to +46708251358', () => {
  // The widely published example of an SMS-SUBMIT, with our validity in the place of four days.
  expect(submitPdus('+46708251358', 'hellohello', 0)).toEqual([
    { hex: '0011000B916407281553F80000470AE8329BFD4697D9EC37', length: 23 },
  ]);
});

it('any text comes out as it went in, in parts of one reference, and in no more than four', () => {
  const gsm = fc.string({ unit: fc.constantFrom(...'abcXYZ 0189@£é{}[]€\n'), maxLength: 400 });
  const vietnamese = fc.string({ unit: fc.constantFrom(...'đẫếợ Ưaủ.🌱'), maxLength: 200 });
  const number = fc.stringMatching(/^\+[1-9][0-9]{6,14}$/);
  fc.assert(
    fc.property(fc.oneof(gsm, vietnamese), number, fc.nat(255), (text, to, reference) => {
      const parts = submitPdus(to, text, reference).map(({ hex, length }) => {
        const decoded = decodedPdu(hex);
        expect(decoded.length).toBe(length);
        expect(decoded.to).toBe(to);
        return decoded;
      });
      expect(parts.length).toBeLessThanOrEqual(4);
      const whole = parts.map((part) => part.text).join('');
      expect(parts.length === 4 ? text.startsWith(whole) : whole === text).toBe(true);
      if (parts.length > 1) expect(parts.every(({ part }) => part?.reference === reference)).toBe(true);
      for (const part of parts) expect(part.text.isWellFormed()).toBe(true);
    }),
  );
});

it('takes 160 letters of English and 70 of Vietnamese in one message', () => {
  expect(submitPdus('+84901234567', 'a'.repeat(160), 1)).toHaveLength(1);
  expect(submitPdus('+84901234567', 'a'.repeat(161), 1)).toHaveLength(2);
  expect(submitPdus('+84901234567', 'ẫ'.repeat(70), 1)).toHaveLength(1);
  expect(submitPdus('+84901234567', 'ẫ'.repeat(71), 1)).toHaveLength(2);
});
