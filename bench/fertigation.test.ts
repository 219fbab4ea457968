import { beforeAll, describe, expect, it } from 'vitest';
import { play } from './fertigation/play.ts';
import { worlds } from './fertigation/worlds.ts';
import { type Judged, judged } from './fertigation.ts';

/** The first stage of the season: a plot is fed in about ten runs. */
const DAYS = 20;

describe.each(worlds.filter(({ name }) => name === 'worn pumps'))('in a world with $name', (world) => {
  let ours: Judged;

  beforeAll(async () => {
    ours = judged(await play(world, 'ours', DAYS));
  });

  it('water has the EC that the recipe wants, nine tenths of the time', () => {
    expect(ours.ecWithinBand).toBeGreaterThan(0.9);
  });

  it('each plot gets the nitrogen that the plan gives it', () => {
    expect(ours.nitrogenError).toBeLessThan(0.06);
  });

  it('the books know what has left each tank, better than by seconds and rates', () => {
    expect(ours.ledgerError).toBeLessThan(0.05);
  });

  it('a fixed dose at fixed intervals does worse', async () => {
    const fixed = judged(await play(world, 'fixed dose', DAYS));
    expect(fixed.ecWithinBand).toBeLessThan(ours.ecWithinBand);
    expect(fixed.nitrogenError).toBeGreaterThan(ours.nitrogenError);
  });
});
