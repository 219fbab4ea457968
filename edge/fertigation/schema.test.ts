import { expect, it } from 'vitest';
import { checkFarm, farmProblems } from '../farm/layout.ts';
import { placesOf } from '../farm/places.ts';
import { loadLibrary } from '../irrigation/crop-water/library.ts';
import { wateringProblems } from '../irrigation/planning/watering-problems.ts';
import { documentedFarm } from './farm.suite.ts';

it('the farm of the documentation is sound', () => {
  expect(farmProblems(documentedFarm())).toEqual([]);
  const farm = checkFarm(documentedFarm(), 'farm.json');
  expect(wateringProblems(farm, { library: loadLibrary(), nowMs: 0, hasForecast: false })).toEqual([]);
  expect(placesOf(farm)).toContainEqual({ device: 'do-ec-2', role: 'source', zone: null });
});

const plan = (nutrient: string, kilogramsPerHectare: number) => ({
  nutrient,
  stages: [{ days: 90, kilogramsPerHectare, millimetresPerDay: 4 }],
});

// biome-ignore lint/suspicious/noExplicitAny: what is put in is wrong
type Edit = (farm: any) => unknown;

it.each<[what: string, edit: Edit, problem: RegExp]>([
  [
    'a negative dose',
    (f) => (f.recipes[0].millilitresPerCubicMetre['bon-a'] = -1),
    /^recipes\[0\]\.millilitresPerCubicMetre\.bon-a /,
  ],
  [
    'a mode that there is not',
    (f) => (f.recipes[0].mode = 'much'),
    /^recipes\[0\]\.mode must be one of proportional/,
  ],
  [
    'a recipe from an unknown tank',
    (f) => (f.recipes[1].doses[0].tank = 'bon-c'),
    /^recipes\[1\] doses from tank 'bon-c', which no head has/,
  ],
  [
    'a dose by what the tank does not hold',
    (f) => (f.recipes[1].doses[0].nutrient = 'MgO'),
    /which holds none/,
  ],
  [
    'acid from a tank of none',
    (f) => (f.recipes[0].ph.tank = 'bon-a'),
    /recipes\[0\]\.ph\.tank 'bon-a' is no acid/,
  ],
  [
    'a target below the clear water',
    (f) => (f.recipes[0].ecTarget = 0.3),
    /ecTarget \(0\.3\) is not above the EC of the clear water \(0\.4\)/,
  ],
  [
    'a target below the zone’s own water',
    (f) => (f.plots[0].zones[0].water.waterEcDsPerM = 1.7),
    /not above the EC of the water of zone 'khu-1'/,
  ],
  [
    'a target that the probes refuse',
    (f) => (f.recipes[0].ecTarget = 3.5),
    /must be below the head's ec\.max/,
  ],
  ['a pH that the probes refuse', (f) => (f.recipes[0].ph.target = 4.5), /ph\.target must lie within/],
  [
    'more in a run than in a day',
    (f) => (f.heads[0].tanks[0].perDayMillilitres = 10),
    /perRunMillilitres must not be above perDayMillilitres/,
  ],
  [
    'more in a run than the tank holds',
    (f) => (f.heads[0].tanks[0].capacityLitres = 1),
    /what the tank holds \(1 L\)/,
  ],
  [
    'calcium with sulphate',
    (f) => f.heads[0].tanks[0].fertilizers.push({ label: { MgO: 16, S: 13 }, gramsPerLitre: 30 }),
    /tanks\[0\] holds calcium and sulphate in one tank/,
  ],
  [
    'calcium with phosphate',
    (f) => (f.heads[0].tanks[1].gramsPerLitre = { CaO: 20 }),
    /tanks\[1\] holds calcium and phosphate in one tank/,
  ],
  [
    'a label of more than all',
    (f) => (f.heads[0].tanks[0].fertilizers[0].label.CaO = 90),
    /label adds up to 105\.5 %/,
  ],
  [
    'a nutrient that nobody knows',
    (f) => (f.heads[0].tanks[0].fertilizers[0].label.NO3 = 3),
    /label\.NO3 is not known, remove it/,
  ],
  [
    'a tank of unknown content',
    (f) => delete f.heads[0].tanks[1].fertilizers,
    /tanks\[1\] lacks fertilizers or gramsPerLitre/,
  ],
  [
    'a tank without a pump',
    (f) => delete f.heads[0].tanks[1].pump,
    /tanks\[1\] needs either pump or injector/,
  ],
  [
    'a stranger to be kept apart from',
    (f) => (f.heads[0].tanks[0].apartFrom = ['bon-x']),
    /apartFrom names 'bon-x'/,
  ],
  [
    'one relay for two tanks',
    (f) => (f.heads[0].tanks[1].pump.valve.output = 1),
    /give each zone, pump, master valve, filter and tank one of its own/,
  ],
  [
    'the relay of a zone’s valve',
    (f) => (f.heads[0].tanks[1].pump.valve = { family: 'tasmota', device: 'van-1' }),
    /one of its own/,
  ],
  [
    'a pump that takes no duration',
    (f) =>
      (f.heads[0].tanks[1].pump.valve = {
        family: 'esphome',
        device: 'bom-b',
        component: 'switch',
        name: 'Bom',
        cutOffSeconds: 60,
      }),
    /tanks\[1\]\.pump\.valve/,
  ],
  [
    'a pump that sleeps',
    (f) => (f.heads[0].tanks[1].pump.valve.answerSeconds = 60),
    /may take 60 s to answer/,
  ],
  [
    'an unknown family',
    (f) => (f.heads[0].tanks[1].pump.valve.family = 'magic'),
    /tanks\[1\]\.pump\.valve\.family must be one of/,
  ],
  [
    'the same probe twice',
    (f) => (f.heads[0].ec.probes[1].device = 'do-ec-1'),
    /ec\.probes\[1\] is the same probe as the first/,
  ],
  ['no probe', (f) => (f.heads[0].ph.probes = []), /^heads\[0\]\.ph\.probes /],
  ['a range upside down', (f) => (f.heads[0].ec.min = 3.6), /ec\.min must be below max/],
  [
    'an unknown source',
    (f) => (f.heads[0].source = 'song'),
    /heads\[0\]\.source names 'song', which is none of sources/,
  ],
  ['a name that a zone has', (f) => (f.heads[0].id = 'khu-1'), /is also that of a zone or source/],
  ['two tanks of one name', (f) => (f.heads[0].tanks[1].id = 'bon-a'), /have the same id 'bon-a'/],
  [
    'an unknown recipe',
    (f) => (f.plots[0].fertigation.recipes[0].recipe = 'xyz'),
    /names 'xyz', which is none of recipes/,
  ],
  [
    'a stage that there is not',
    (f) => (f.plots[0].fertigation.recipes[0].stages = ['teen']),
    /plots\[0\]\.fertigation\.recipes\[0\]\.stages/,
  ],
  [
    'two recipes for one stage',
    (f) => f.plots[0].fertigation.recipes[1].stages.push('initial'),
    /has 2 recipes for stage 'initial'/,
  ],
  [
    'a meter that speaks too seldom',
    (f) => (f.plots[0].zones[0].valve.flowMeter.everySeconds = 90),
    /speaks every 90 s/,
  ],
  ['stages of nobody knows what', (f) => delete f.plots[0].zones[0].water, /does not say what grows there/],
  [
    'a zone that nobody measures',
    (f) => (f.plots[0].zones[0].valve.flowMeter = null),
    /nobody measures the water of zone 'khu-1'/,
  ],
  [
    'a zone of another source',
    (f) => {
      f.plots[0].zones[0].fertigation = f.plots[0].fertigation;
      delete f.plots[0].zones[0].fertigation.planKilogramsPerHectare;
      delete f.plots[0].zones[0].fertigation.seasonFrom;
      delete f.plots[0].zones[0].source;
    },
    /zone 'khu-1' has another source/,
  ],
  ['a plot that it does not reach', (f) => delete f.plots[0].zones[0].source, /reaches no zone of 'lo-1'/],
  [
    'more than a run may give',
    (f) => (f.recipes[1].doses[0].kilogramsPerHectare = 60),
    /wants \d+ mL of 'bon-a' in a run/,
  ],
  [
    'a plan below nothing',
    (f) => (f.plots[0].fertigation.planKilogramsPerHectare.N = -1),
    /planKilogramsPerHectare\.N/,
  ],
  [
    'a season from no day',
    (f) => (f.plots[0].fertigation.seasonFrom = '2026-02-31'),
    /seasonFrom '2026-02-31' is not a date/,
  ],
  [
    'a plan by stages that is another one',
    (f) => (f.plots[0].fertigation.planByStage = plan('N', 100)),
    /planByStage\.stages give 100 kg\/ha of N in all, planKilogramsPerHectare says 120/,
  ],
  [
    'a plan of what no recipe gives',
    (f) => (f.plots[0].fertigation.planByStage = plan('MgO', 100)),
    /planByStage plans MgO, and no recipe of 'lo-1' has a tank that holds any/,
  ],
  [
    'a stage of no days',
    (f) => (f.plots[0].fertigation.planByStage = { ...plan('N', 120), stages: [{ days: 0 }] }),
    /planByStage\.stages\[0\]/,
  ],
  ['rubbish for a head', (f) => (f.heads[0] = 7), /^heads\[0\] /],
  ['rubbish for heads', (f) => (f.heads = 'all'), /^heads /],
])('%s is refused with its field and the remedy', (_what, edit, problem) => {
  const farm = documentedFarm();
  edit(farm);
  expect(farmProblems(farm)).toContainEqual(expect.stringMatching(problem));
});
