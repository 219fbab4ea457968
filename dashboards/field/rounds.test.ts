import { describe, expect, it } from 'vitest';
import { Rounds } from './rounds.ts';

/** Rounds that end when they are told to. */
function rounds() {
  const ends: PromiseWithResolvers<void>[] = [];
  const begin = () => {
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  };
  return { ends, rounds: new Rounds(begin) };
}

describe('rounds', () => {
  it('are one at a time; who asks in the middle of one gets another after it', async () => {
    const { ends, rounds: work } = rounds();
    const first = work.ask();
    const second = work.ask();
    const third = work.ask();
    expect(ends).toHaveLength(1);
    ends[0]?.resolve();
    await expect.poll(() => ends.length).toBe(2);
    ends[1]?.resolve();
    await Promise.all([first, second, third]);
    expect(ends).toHaveLength(2);
  });

  it('go on after one that failed, and tell who asked', async () => {
    const { ends, rounds: work } = rounds();
    const first = work.ask();
    ends[0]?.reject(new Error('no room'));
    await expect(first).rejects.toThrow('no room');
    const second = work.ask();
    ends[1]?.resolve();
    await second;
    expect(ends).toHaveLength(2);
  });
});
