import { expect, test } from 'vitest';
import { Thrift } from './thrift.ts';

test('the heap is kept small until messages come by the ten thousand a second, and again once it is quiet', () => {
  let messages = 0;
  let atMs = 0;
  const said: boolean[] = [];
  const thrift = new Thrift({
    messages: () => messages,
    monotonicMs: () => atMs,
    setThrifty: (isThrifty) => said.push(isThrifty),
  });
  const second = (perSecond: number) => {
    atMs += 1_000;
    messages += perSecond;
    thrift.look();
    return said.at(-1);
  };
  expect(said).toEqual([true]);
  expect([0, 17, 9_000, 11_000, 50_000, 9_000, 6_000, 4_000, 9_000].map(second)).toEqual([
    ...[true, true, true, false, false, false, false, true, true],
  ]);
  expect(said).toEqual([true, false, true]);
});
