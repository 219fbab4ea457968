import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import type { Farm, Zone } from '../../farm/layout.ts';
import { loadLibrary } from '../crop-water/library.ts';
import { checkWatering } from './check-watering.ts';
import { wateringProblems } from './watering-problems.ts';

const library = loadLibrary();
const nowMs = Date.UTC(2026, 10, 23);
const location = {
  ...{ latitudeDegrees: 10.93, longitudeDegrees: 108.1, elevationMetres: 20, isCoastal: true },
  windHeightMetres: 2,
};
const water = {
  ...{ crop: 'dragon-fruit-high', soil: 'sandy-loam', areaSquareMetres: 900, method: 'drip' as const },
};

/** The demo's farm with more said of its first zone, and of itself. */
function farmWith(zone: object, farm: object = {}): Farm {
  const demo = demoFarm();
  const [plot, ...plots] = demo.plots;
  const [first, ...zones] = plot?.zones ?? [];
  const changed = { ...first, ...zone } as Zone;
  return { ...demo, location, ...farm, plots: [{ ...plot, zones: [changed, ...zones] }, ...plots] } as Farm;
}
const problems = (zone: object, farm: object = {}) =>
  wateringProblems(farmWith(zone, farm), { library, nowMs, hasForecast: false });

it('finds nothing wrong with a farm that says what it grows and how it is watered', () => {
  const programs = [{ id: 'night', windows: [{ start: '22:00', end: '05:00' }] }];
  expect(problems({ water, program: 'night' }, { programs })).toEqual([]);
  expect(problems({ water, program: { id: 'by-need' } })).toEqual([]);
});

it.each<[string, object, object, RegExp]>([
  [
    'a negative area',
    { water: { ...water, areaSquareMetres: -5 } },
    {},
    /plots\[0\]\.zones\[0\]\.water\.areaSquareMetres .*m²/,
  ],
  [
    'an unknown crop',
    { water: { ...water, crop: 'dragonfruit-high' } },
    {},
    /water\.crop .* did you mean dragon-fruit-high/,
  ],
  ['a place nowhere', {}, { location: { ...location, latitudeDegrees: 120 } }, /location\.latitudeDegrees/],
  ['a time zone of nowhere', {}, { timeZone: 'Asia/Hanoi2' }, /timeZone 'Asia\/Hanoi2' is not known/],
  [
    'lettuce that was planted decades ago',
    { water: { ...water, crop: 'lettuce', plantedOn: '1990-01-01' } },
    {},
    /zones\[0\]\.water\.plantedOn 1990-01-01 is too long ago, .*: write when it was planted anew/,
  ],
  [
    'a program of nobody',
    { water, program: 'day' },
    {},
    /zones\[0\]\.program 'day' is none of the farm's programs \(none\)/,
  ],
  [
    'a program by need for a crop that stands in water',
    {
      water: { ...water, crop: 'rice-flooded', method: 'basin', plantedOn: '2026-11-01' },
      program: { id: 'x' },
    },
    {},
    /zones\[0\]\.program goes by what the soil lacks, and the zone's crop stands in water/,
  ],
  ['a program by need without a crop', { water: undefined, program: { id: 'x' } }, {}, /crop, soil and area/],
  [
    'a program by need of a farm that is nowhere',
    { water, program: { id: 'x' } },
    { location: undefined },
    /crop, soil and area|location/,
  ],
  [
    'a window in the past',
    { water, program: { id: 'x', windows: [{ start: '04:00', end: '06:00', lastDate: '2026-01-01' }] } },
    {},
    /program\.windows\[0\] lies in the past/,
  ],
  [
    'circular water turns',
    {},
    {
      waterTurns: [
        {
          id: 'well',
          members: [
            { id: 'sau', zones: ['a1'] },
            { id: 'ba', zones: ['a2'] },
          ],
          timetable: [
            { id: 'one', member: 'sau', after: 'two', minutes: 60 },
            { id: 'two', member: 'ba', after: 'one', minutes: 60 },
          ],
        },
      ],
    },
    /waterTurns\[0\]\.timetable\[0\]/,
  ],
  ['no program', {}, { programs: [null] }, /^programs\[0\] must be a program/],
  ['a program that no zone uses', {}, { programs: [{}] }, /^programs\[0\] lacks id, add it/],
  [
    'a kind of program that is unknown',
    {},
    { programs: [{ id: 'x', kind: 'zebra' }] },
    /^programs\[0\]\.kind must be/,
  ],
  ['no water turns', {}, { waterTurns: [null] }, /^waterTurns\[0\] /],
  [
    'two programs of one name',
    {},
    { programs: [{ id: 'a' }, { id: 'a' }] },
    /programs\[1\]\.id 'a' is there twice/,
  ],
])('refuses %s with the field and the remedy', (_what, zone, farm, words) => {
  expect(problems(zone, farm).join('; ')).toMatch(words);
});

const canal = {
  ...{ id: 'canal', inTurnBy: 'litres' },
  members: [
    { id: 'sau', zones: ['a1'] },
    { id: 'ba', zones: ['a2'] },
  ],
};
const week = {
  ...{ id: 'week', members: canal.members },
  timetable: [
    { member: 'sau', days: ['mon'], start: '05:00', end: '09:00' },
    { member: 'ba', days: ['tue'], start: '05:00', end: '09:00' },
  ],
};

it('refuses a zone in two timetables, or in two rounds of turns; one of each narrows the other', () => {
  const told = (...waterTurns: object[]) => problems({}, { waterTurns }).join('; ');
  expect(told(week, { ...week, id: 'other' })).toMatch(
    /^waterTurns\[1\]\.members\[0\]\.zones\[0\] 'a1' is at waterTurns\[0\]\.members\[0\]\.zones\[0\] too, .*: keep one/,
  );
  expect(told(canal, { ...canal, id: 'other' })).toMatch(/'a2' is at .* one inTurnBy only: keep one/);
  expect(told(canal, week)).toBe('');
});

it('refuses turns by litres of a zone whose litres nobody measures', () => {
  const valve = { family: 'tasmota', device: 'relay', flowMeter: null };
  expect(problems({ valve }, { waterTurns: [canal] })).toEqual([
    expect.stringMatching(/zones\[0\] 'a1' has no flow meter.* say "inTurnBy": "seconds"$/),
  ]);
  expect(problems({ valve }, { waterTurns: [{ ...canal, inTurnBy: 'seconds' }] })).toEqual([]);
});

it('holds a date that is over against a file that was written since the gateway ran, not against one in use', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-watering-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [path, usedPath] = [join(folder, 'farm.json'), join(folder, 'uptime.json')];
  const farm = farmWith({ water, program: { id: 'x', holidays: ['2026-02-17'] } });
  const check = () => checkWatering(farm, { path, usedPath, library, nowMs, hasForecast: false });
  writeFileSync(path, '{}');
  expect(check).toThrow(/farm\.json cannot be used: .*holidays\[0\] 2026-02-17 is over: remove it/);
  writeFileSync(usedPath, '{}');
  utimesSync(path, 1, 1);
  expect(check).not.toThrow();
});
