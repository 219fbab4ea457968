import { expect, it } from 'vitest';
import { wordsOfRefusal } from './validation.ts';

const not = (allowedValue: string, instancePath = '/state') => ({
  ...{ keyword: 'const', instancePath, params: { allowedValue } },
});
const anyOf = { keyword: 'anyOf', instancePath: '/state', params: {} };

it('says of which words one is allowed', () => {
  const refused = { validation: [not('voided'), not('recalled'), anyOf], validationContext: 'body' };
  expect(wordsOfRefusal(refused)).toBe('body/state must be one of: voided, recalled');
});

it('says that a text is empty', () => {
  const validation = [{ keyword: 'pattern', instancePath: '/reason', params: { pattern: '\\S' } }];
  expect(wordsOfRefusal({ validation, validationContext: 'body' })).toBe(
    'body/reason is empty: write it in words.',
  );
});

it('leaves to the validator what that says well', () => {
  expect(wordsOfRefusal({})).toBeUndefined();
  expect(
    wordsOfRefusal({ validation: [not('a'), not('b', '/other')], validationContext: 'body' }),
  ).toBeUndefined();
  const validation = [{ keyword: 'pattern', instancePath: '/gtin', params: { pattern: '^[0-9]{14}$' } }];
  expect(wordsOfRefusal({ validation, validationContext: 'params' })).toBeUndefined();
});
