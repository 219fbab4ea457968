import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMetricName, metrics, quality, qualityFlags } from './index.ts';

describe('metrics', () => {
  it('have a name that can stand in a line, and a range that is one', () => {
    for (const [name, { min, max }] of Object.entries(metrics)) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(min).toBeLessThan(max);
    }
  });

  it('are not found under names that every object has', () => {
    for (const name of ['constructor', '__proto__', 'toString', '']) expect(isMetricName(name)).toBe(false);
  });
});

describe('quality flags', () => {
  it('are single bits, each with one name', () => {
    const bits = Object.values(quality).filter((bit) => bit !== 0);
    for (const bit of bits) expect(Math.log2(bit) % 1).toBe(0);
    expect(new Set(bits).size).toBe(bits.length);
  });

  it('can be told again from their sum', () => {
    const flags = Object.entries(quality).filter(([, bit]) => bit !== 0);
    fc.assert(
      fc.property(fc.subarray(flags), (some) => {
        const sum = some.reduce((all, [, bit]) => all | bit, 0);
        expect(qualityFlags(sum)).toEqual(some.map(([name]) => name));
      }),
    );
  });
});
