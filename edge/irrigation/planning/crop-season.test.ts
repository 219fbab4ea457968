import { expect, it } from 'vitest';
import { loadLibrary } from '../crop-water/library.ts';
import { zoneModel } from '../crop-water/zone-model.ts';
import { dayOfText } from '../programs/calendar.ts';
import { daysOver } from './crop-season.ts';

const library = loadLibrary();
const over = (crop: string, plantedOn: string | undefined, today: string) => {
  const water = { crop, soil: 'sandy-loam', areaSquareMetres: 900, method: 'drip' as const };
  return daysOver(
    zoneModel({ ...water, ...(plantedOn && { plantedOn }) }, library),
    dayOfText(today) ?? Number.NaN,
  );
};

it('a crop is over two months after the stages of its profile, a perennial never', () => {
  expect(over('lettuce', '2026-10-01', '2026-11-23')).toBe(0);
  expect(over('lettuce', '2023-10-01', '2026-11-23')).toBeGreaterThan(1_000);
  const season = library.crops.get('lettuce')?.season;
  if (season?.kind !== 'annual') throw new Error('lettuce is annual');
  const days = Object.values(season.stageDays).reduce((sum, stage) => sum + stage, 0);
  const planted = (daysAgo: number) =>
    new Date(Date.UTC(2026, 10, 23) - daysAgo * 86_400_000).toISOString().slice(0, 10);
  expect(over('lettuce', planted(days + 60), '2026-11-23')).toBe(0);
  expect(over('lettuce', planted(days + 61), '2026-11-23')).toBe(61);
  expect(over('dragon-fruit-high', undefined, '2026-11-23')).toBe(0);
});
