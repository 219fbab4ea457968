import type { ZoneModel } from '../crop-water/zone-model.ts';
import { dayOfText, type LocalDay } from '../programs/calendar.ts';

/** A cultivar may take longer than its crop's profile, and be harvested for weeks. */
const TOLERATED_DAYS = 60;

/**
 * For how many days the season of a zone's crop has been over by its profile's stages; 0 while that may still be, and of a
 * perennial. After it the model goes on with the last Kc, of a crop that is not there any more.
 */
export function daysOver(
  { profile: { season }, plantedOn }: Pick<ZoneModel, 'profile' | 'plantedOn'>,
  today: LocalDay,
): number {
  const planted = dayOfText(plantedOn ?? '');
  if (season.kind === 'perennial' || planted === null) return 0;
  const { initial, development, mid, late } = season.stageDays;
  const days = today - planted - (initial + development + mid + late);
  return days > TOLERATED_DAYS ? days : 0;
}
