import { expect, test } from 'vitest';
import { filtered } from '../farms/filtered.ts';
import { climates } from './climates.ts';
import { FarmField, siteOf } from './farm-field.ts';
import { seededSky } from './weather.ts';

const firstMs = Date.parse('2026-02-10T05:00:00+07:00');

/** Zone n1 is watered with dirty water for so many minutes. */
function watered(minutes: number) {
  const field = new FarmField(filtered, seededSky(climates['da-lat'], siteOf(filtered), 1), firstMs, 1);
  const well = field.source('well');
  for (const gate of [field.zone('n1').valve, well.masterValve, well.pump]) gate.tell(true);
  field.touch();
  const goOn = (seconds: number) => {
    field.advance(field.atMs + seconds * 1_000);
    field.touch();
  };
  goOn(minutes * 60);
  const flush = (isOn: boolean) => {
    well.filter?.flushValve.tell(isOn);
    field.touch();
  };
  const differenceKpa = () => well.beforeFilterKpa - well.pressureKpa;
  return { field, well, goOn, flush, differenceKpa };
}

test('a filter takes more of the pressure the more water has passed it, and what it takes shows on both its sides', () => {
  const [short, long] = [watered(5), watered(30)];
  expect(short.differenceKpa()).toBeGreaterThan(5);
  expect(long.differenceKpa()).toBeGreaterThan(short.differenceKpa() * 2);
  expect(long.well.pressureKpa).toBeLessThan(short.well.pressureKpa);
});

test('a flush cleans it, takes water meanwhile, and is told as a movement', () => {
  const { field, well, goOn, flush, differenceKpa } = watered(30);
  const before = { dirtyKpa: differenceKpa(), flow: field.zone('n1').flowLitresPerMinute(field.atMs) };
  flush(true);
  goOn(60);
  expect(field.zone('n1').flowLitresPerMinute(field.atMs)).toBeLessThan(before.flow * 1.1);
  flush(false);
  goOn(60);
  expect(differenceKpa()).toBeLessThan(before.dirtyKpa / 2);
  expect(well.truth(field.atMs).flushLitres).toBeGreaterThan(20);
  const moved = field.events.filter(({ what }) => what === 'flush_valve').map(({ isOn }) => isOn);
  expect(moved).toEqual([true, false]);
});

test('dirt for good stays, however often it is flushed', () => {
  const { well, goOn, flush, differenceKpa } = watered(5);
  well.filter?.clogging.add(6);
  flush(true);
  goOn(120);
  flush(false);
  goOn(60);
  expect(differenceKpa()).toBeGreaterThan(20);
});
