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

  it.each([0, 0.02, 0.8])(
    'is not believed when it begins with %f, which no such soil can be',
    (soilMoisture) => {
      const farm = new Farm();
      farm.ledger.tick();
      const assumedMm = farm.depletionMm();
      farm.probe(soilMoisture, 3);
      expect(farm.ledger.view('a1')).toMatchObject({
        isAssumed: true,
        disagreement: { key: 'probe_out_of_range', figures: { soilMoisture } },
      });
      expect(farm.depletionMm() - assumedMm).toBeLessThan(4);
      expect(farm.doubts.map((doubt) => doubt?.key)).toEqual(['probe_out_of_range']);
      farm.probe(soilMoisture, 6 * 24);
      expect(farm.ledger.view('a1')?.disagreement).not.toBeNull();
      expect(farm.doubts).not.toContain(null);
    },
  );

  it('is believed once it has been put into the soil', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.probe(0, 3);
    farm.probe(0.24, 4);
    expect(farm.ledger.view('a1')).toMatchObject({ isAssumed: false, disagreement: null });
    expect(farm.doubts.map((doubt) => doubt?.key)).toEqual(['probe_out_of_range', undefined]);
  });

  it('may begin above field capacity while rain drains', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.probe(0.35, 3);
    expect(farm.ledger.view('a1')?.isAssumed).toBe(true);
    farm.rainMm.set(farm.nowMs, 60);
    farm.probe(0.35, 3);
    expect(farm.ledger.view('a1')).toMatchObject({ isAssumed: false, disagreement: null });
    expect(farm.depletionMm()).toBeLessThan(2);
  });

  it('takes the soil that began by it along when it is found out', async () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.probe(0.26, 4);
    expect(farm.depletionMm()).toBeLessThan(2);
    await farm.boot().start(farm.runs);
    farm.probe(0.26, 5 * 24);
    const view = farm.ledger.view('a1') ?? expect.fail('nothing is known');
    expect(view).toMatchObject({ isAssumed: true, disagreement: { key: 'probe_flat' } });
    expect(view.depletionMm).toBeGreaterThan(view.rawMm - 2);
  });

  it('leaves the soil alone that it began when it has followed the water before it hangs', () => {
    const farm = new Farm();
    farm.ledger.tick();
    for (let hour = 0; hour < 48; hour++) farm.probe(0.25 - 0.001 * hour, 1);
    farm.probe(0.2, 5 * 24);
    expect(farm.ledger.view('a1')).toMatchObject({ isAssumed: false, disagreement: { key: 'probe_flat' } });
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

  it('is right where the model is wrong, when a person says so, over a restart too', async () => {
    const farm = new Farm();
    farm.ledger.tick();
    expect(await farm.ledger.believeProbe('a1', 'Chị Hoa')).toBe('no_day_yet');
    farm.given(20_000);
    farm.probe(0.26, 8 * 24);
    expect(farm.ledger.view('a1')?.disagreement).not.toBeNull();
    expect(await farm.ledger.believeProbe('a1', 'Chị Hoa')).toBe('set');
    expect(farm.doubts.at(-1)).toBeNull();
    expect(farm.days().at(-1)).toMatchObject({ setBy: 'Chị Hoa', probe: null });
    expect(farm.depletionMm()).toBeLessThan(1);
    await farm.boot().start(farm.runs);
    expect(farm.ledger.view('a1')).toMatchObject({ disagreement: null, isAssumed: false });
    expect(farm.depletionMm()).toBeLessThan(1);
    farm.wait(6);
    expect(await farm.ledger.believeProbe('a1', 'Chị Hoa')).toBe('probe_silent');
    farm.given(5_000);
    farm.probe(0.26, 3);
    expect(await farm.ledger.believeProbe('a1', 'Chị Hoa')).toBe('just_watered');
  });

  it('stays doubted over a restart, also when it is silent then', async () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.given(20_000);
    farm.probe(0.26, 8 * 24);
    const doubted = farm.ledger.view('a1')?.disagreement;
    expect(doubted?.key).toBe('probe_flat');
    farm.doubts.length = 0;
    await farm.boot().start(farm.runs);
    expect(farm.ledger.view('a1')?.disagreement).toMatchObject({ key: 'probe_flat' });
    farm.wait(48);
    expect(farm.doubts.map((doubt) => doubt?.key)).toEqual(['probe_flat', 'probe_flat']);
  });
});
