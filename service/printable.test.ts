import { expect, it } from 'vitest';
import { printable } from './printable.ts';

it('shows what a terminal would obey, and leaves every language as it is', () => {
  expect(printable('Thanh long ruột đỏ, 火龙果 🐉')).toBe('Thanh long ruột đỏ, 火龙果 🐉');
  expect(printable('a\nb\u001b[2J\u009b1m\u202ec')).toBe('a\\u000ab\\u001b[2J\\u009b1m\\u202ec');
});

it('leaves JSON the JSON that it is', () => {
  const value = { text: 'a\n\u009b\u2028\u202e\u001b' };
  expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value);
});
