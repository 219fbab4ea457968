import { describe, expect, it } from 'vitest';
import { Farm } from './water-ledger.suite.ts';

describe('a soil probe in the water ledger', () => {
  it('begins as dry as the crop bears where nothing is known, and by the probe where one speaks', () => {
    const farm = new Farm();
    farm.ledger.tick();
    expect(farm.ledger.view('a1')?.isAssumed).toBe(true);
    farm.probe(0.24, 4);
    expect(farm.ledger.view('a1')?.isAssumed).toBe(false);
    // 0.02 m³/m³ under half the area, 0.4 m deep, is 4 mm; and some hours of a morning have passed since.
    expect(farm.depletionMm()).toBeGreaterThan(4);
    expect(farm.depletionMm()).toBeLessThan(6);
  });

  it('counts water once that came before the probe was believed', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.given(10_000);
    farm.probe(0.24, 6);
    expect(farm.ledger.view('a1')?.isAssumed).toBe(false);
    expect(farm.depletionMm()).toBeGreaterThan(3.5);
    expect(farm.depletionMm()).toBeLessThan(6);
  });

  it('is told of a probe that lies, and does not follow it', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.given(20_000);
    farm.probe(0.26, 8 * 24);
    expect(farm.doubts.at(-1)?.key).toMatch(/^probe_/);
    expect(farm.depletionMm()).toBeGreaterThan(10);
  });

  it('does not hold against a probe what the one before it has said', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.given(20_000);
    farm.probe(0.26, 8 * 24);
    expect(farm.ledger.view('a1')?.disagreement).not.toBeNull();
    farm.ledger.forgetProbe('a1');
    expect(farm.ledger.view('a1')?.disagreement).toBeNull();
    expect(farm.doubts.at(-1)).toBeNull();
  });
});
