import { describe, expect, it } from 'vitest';
import { Gathering } from './gathering.ts';

const at = (nowMs: number, sentUpTo: number, lastNumber: number) => ({ nowMs, sentUpTo, lastNumber });

describe('gathering', () => {
  it('lets the first entry after a quiet time go at once', () => {
    const gathering = new Gathering(10_000);
    expect(gathering.waitMs(at(5, 0, 1))).toBe(0);
    gathering.sent(5);
    expect(gathering.waitMs(at(10_005, 1, 2))).toBe(0);
  });

  it('holds the next ones until their time is over, and then lets all go that are there', () => {
    const gathering = new Gathering(10_000);
    gathering.sent(0);
    expect(gathering.waitMs(at(1_000, 1, 2))).toBe(9_000);
    expect(gathering.waitMs(at(9_999, 1, 9))).toBe(1);
    expect(gathering.waitMs(at(10_000, 1, 9))).toBe(0);
    gathering.sent(10_000);
    expect(gathering.waitMs(at(10_001, 5, 10))).toBe(0);
    gathering.sent(10_001);
    expect(gathering.waitMs(at(10_002, 9, 10))).toBe(9_999);
  });

  it('does not hold what is urgent, nor what was before it', () => {
    const gathering = new Gathering(10_000);
    gathering.sent(0);
    gathering.due(4);
    expect(gathering.waitMs(at(1, 1, 5))).toBe(0);
    expect(gathering.waitMs(at(1, 3, 5))).toBe(0);
    expect(gathering.waitMs(at(1, 4, 5))).toBe(9_999);
  });

  it('does not hold as many as a message may have', () => {
    const gathering = new Gathering(10_000);
    gathering.sent(0);
    expect(gathering.waitMs(at(1, 0, 199))).toBe(9_999);
    expect(gathering.waitMs(at(1, 0, 200))).toBe(0);
  });

  it('of no time holds nothing', () => {
    const gathering = new Gathering(0);
    gathering.sent(7);
    expect(gathering.waitMs(at(7, 1, 2))).toBe(0);
  });
});
