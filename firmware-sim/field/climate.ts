import type { Climate } from './climates.ts';
import { type Random, seededRandom } from './random.ts';
import { calendarOf } from './sun.ts';

/** What one day's weather is made of; `weather.ts` turns it into values at an instant. */
export interface DayWeather {
  readonly minimumCelsius: number;
  readonly maximumCelsius: number;
  readonly dewPointCelsius: number;
  /** Solar radiation as a share of a clear day's. */
  readonly clearness: number;
  /** Mean of the day at 2 m above ground. */
  readonly meanWindMetresPerSecond: number;
  readonly shower: Shower | undefined;
}

/** Rain of constant strength; begins at `startHours` local time and ends before midnight. */
interface Shower {
  readonly startHours: number;
  readonly durationHours: number;
  readonly depthMm: number;
}

/** The same day of the same seed always has the same weather, whatever was asked before. */
export function dayWeather(day: number, seed: number, climate: Climate): DayWeather {
  const random = seededRandom(seed, `day ${day}`);
  const month = climate.months[calendarOf(day).month];
  if (month === undefined) throw new RangeError('a climate has twelve months');
  const shift = 2 * (random() - 0.5);
  const shower = showerOf(month, climate, random);
  const minimumCelsius = month.minimumCelsius + shift;
  const { clearness, windMetresPerSecond: wind } = climate;
  return {
    minimumCelsius,
    maximumCelsius: month.maximumCelsius + shift - (shower ? 1 : 0),
    // FAO-56 (2025), section 3: without a measurement the dew point is close to the night's minimum.
    dewPointCelsius: minimumCelsius - (shower ? 0.5 : 1.5),
    clearness: (shower ? clearness.wet : clearness.dry) + clearness.spread * random(),
    meanWindMetresPerSecond: wind.least + wind.spread * random(),
    shower,
  };
}

function showerOf(
  { rainMm, rainDays }: Climate['months'][number],
  { showers }: Climate,
  random: Random,
): Shower | undefined {
  const rains = random() < rainDays / 30;
  const share = -Math.log(1 - random());
  const startHours = showers.fromHours + showers.spreadHours * random();
  const durationHours = 0.5 + (showers.longestHours - 0.5) * random();
  if (!rains) return undefined;
  return { startHours, durationHours, depthMm: Math.max(1, (share * rainMm) / rainDays) };
}
