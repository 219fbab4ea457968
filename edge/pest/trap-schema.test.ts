import { expect, it } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { type Farm, farmProblems } from '../farm/layout.ts';
import { placedDevices } from '../farm/places.ts';
import { loadPests } from './library.ts';
import { checkPests, type Trap, unknownPests } from './trap-schema.ts';

const trap: Trap = {
  ...{ id: 'me-1', name: 'Bẫy 1', plot: 'plot-a', pest: 'bactrocera-dorsalis', kind: 'methyl_eugenol' },
};
const farm = (...traps: object[]): Farm => ({ ...demoFarm(), traps: traps as Trap[] });

it('traps that people and devices count are part of the farm, and their devices have a place', () => {
  const counted = { ...trap, id: 'me-2', device: 'cam-9', channel: 'flies', checkEveryDays: 3 };
  expect(farmProblems(farm(trap, counted))).toEqual([]);
  expect(placedDevices(farm(trap, counted))).toContain('cam-9');
});

it.each([
  [farm({ ...trap, kind: 'glue' }), 'traps[0].kind must be one of methyl_eugenol, cue_lure'],
  [farm({ ...trap, colour: 'red' }), 'traps[0].colour is not known, remove it'],
  [farm({ id: 'me-1' }), 'traps[0] lacks name, plot, pest, kind, add it'],
  [farm({ ...trap, checkEveryDays: 0 }), 'traps[0].checkEveryDays must be >= 1'],
  [farm(trap, trap), "traps[1].id and traps[0].id have the same id 'me-1', rename one"],
  [farm({ ...trap, plot: 'plot-x' }), "traps[0].plot 'plot-x' is no plot of the farm"],
  [farm({ ...trap, channel: 'a' }), 'traps[0].channel is one of a device: name the device too'],
  [
    farm({ ...trap, device: 'cam' }, { ...trap, id: 'me-2', device: 'cam', channel: 'a' }),
    "traps[1].device 'cam' counts for traps[0] already",
  ],
])('what is wrong with them is told field by field: %#', (wrong, words) => {
  expect(farmProblems(wrong).join('; ')).toContain(words);
});

it('pests that the library does not know are told, of traps and of plots', () => {
  const [plot, ...plots] = demoFarm().plots;
  const wrong = {
    traps: [{ ...trap, pest: 'ants' }],
    plots: [{ id: 'plot-a', ...plot, pests: ['moths'] }, ...plots],
  };
  expect(unknownPests(wrong, loadPests())).toEqual([
    expect.stringMatching(
      /^traps\[0\]\.pest 'ants' is not in the pest library: take one of bactrocera-dorsalis/,
    ),
    expect.stringMatching(/^plots\[0\]\.pests\[0\] 'moths' is not in the pest library/),
  ]);
  expect(() => checkPests(wrong, loadPests(), 'farm.json')).toThrow(/^farm\.json cannot be used: traps\[0\]/);
});
