import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SYMBOLS } from './check-character.ts';
import { CLAIM_CODE_RANDOM_CHARACTERS, claimCodeOf, readClaimCode } from './claim-code.ts';
import { claimLink, enrolmentProof, readClaimLink } from './enrolment.ts';

const randomBytes = fc.uint8Array({
  minLength: CLAIM_CODE_RANDOM_CHARACTERS,
  maxLength: CLAIM_CODE_RANDOM_CHARACTERS,
});

describe('a claim code', () => {
  it('holds 70 random bits: each byte decides one character', () => {
    expect(claimCodeOf(Uint8Array.from({ length: 14 }, (_, i) => i))).toMatch(/^01234-56789-ABCD.$/);
    expect(() => claimCodeOf(new Uint8Array(13))).toThrow(RangeError);
  });

  it('is read however a person writes it', () => {
    fc.assert(
      fc.property(randomBytes, (random) => {
        const code = claimCodeOf(random);
        const spellings = [
          code,
          code.toLowerCase(),
          code.replaceAll('-', ''),
          code.replaceAll('-', ' – '),
          code.replaceAll('0', 'o').replaceAll('1', 'l'),
          code.replaceAll('0', 'O').replaceAll('1', 'I'),
        ];
        for (const spelling of spellings) expect(readClaimCode(` ${spelling}\n`)).toBe(code);
      }),
    );
  });

  it('with one wrong character, or two exchanged, is none', () => {
    const character = fc.constantFrom(...SYMBOLS);
    fc.assert(
      fc.property(randomBytes, fc.nat(14), fc.nat(14), character, (random, place, other, wrong) => {
        const right = claimCodeOf(random).replaceAll('-', '');
        const mistyped = right.slice(0, place) + wrong + right.slice(place + 1);
        if (mistyped !== right) expect(readClaimCode(mistyped)).toBeUndefined();
        const [first = '', second = ''] = [right[place], right[other]];
        const exchanged = [...right].with(place, second).with(other, first).join('');
        if (exchanged !== right) expect(readClaimCode(exchanged)).toBeUndefined();
      }),
    );
  });

  it.each([
    '',
    '-',
    'U'.repeat(15),
    'ŁŁŁŁŁ-ŁŁŁŁŁ-ŁŁŁŁŁ',
    '0'.repeat(14),
    '0'.repeat(16),
    '0'.repeat(100_000),
  ])('is not %j', (typed) => {
    expect(readClaimCode(typed)).toBeUndefined();
  });

  it('is none whatever else was typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (typed) => {
        const read = readClaimCode(typed);
        if (read !== undefined) expect(readClaimCode(read)).toBe(read);
      }),
    );
  });
});

describe('the link of a claim', () => {
  const code = claimCodeOf(new Uint8Array(14));
  it.each([undefined, 'ab'.repeat(32)])(
    'is read as it was written, with the fingerprint %s',
    (fingerprint) => {
      const claim = { cloud: 'https://10.0.0.7:8443', code, fingerprint };
      expect(readClaimLink(claimLink(claim))).toEqual(claim);
    },
  );

  it('keeps code and fingerprint from whatever server a browser would ask', () => {
    const link = claimLink({ cloud: 'https://cloud.example', code, fingerprint: 'ab'.repeat(32) });
    expect(link.slice(0, link.indexOf('#'))).toBe('https://cloud.example/console');
  });

  it.each([
    '',
    'ABC',
    'https://cloud.example/',
    'javascript:alert(1)#claim=x',
    `${'x'.repeat(3_000)}#claim=1`,
  ])('is not %j', (text) => {
    expect(readClaimLink(text)).toBeUndefined();
  });
});

it('what a key signs to enrol is never as short as the hash of an entry', () => {
  expect(enrolmentProof('', '', '').length).not.toBe(32);
  const code = claimCodeOf(new Uint8Array(14));
  expect(enrolmentProof(code, 'ab'.repeat(32), 'x').length).toBeGreaterThan(64);
});
