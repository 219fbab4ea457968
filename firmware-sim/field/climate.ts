import { type Random, seededRandom } from './random.ts';
import { calendarOf } from './sun.ts';

/** What one day's weather is made of; `weather.ts` turns it into values at an instant. */
export interface DayWeather {
  readonly minimumCelsius: number;
  readonly maximumCelsius: number;
  readonly dewPointCelsius: number;
  /** Solar radiation as a share of a clear day's. */
  readonly clearness: number;
  readonly meanWindMetresPerSecond: number;
  readonly shower: Shower | undefined;
}

/** Rain of constant strength; begins at `startHours` local time and ends before midnight. */
interface Shower {
  readonly startHours: number;
  readonly durationHours: number;
  readonly depthMm: number;
}

interface MonthClimate {
  readonly minimumCelsius: number;
  readonly maximumCelsius: number;
  readonly rainMm: number;
  readonly rainDays: number;
}

const month = (
  minimumCelsius: number,
  maximumCelsius: number,
  rainMm: number,
  rainDays: number,
): MonthClimate => ({ minimumCelsius, maximumCelsius, rainMm, rainDays });

/**
 * A plausible year on the dry coast of Bình Thuận, January first: a rainless season from December to April, then
 * afternoon showers. Rounded by us for the simulation; not the record of a station.
 */
const year: readonly MonthClimate[] = [
  month(21.5, 29.5, 1, 0.3),
  month(22, 30, 1, 0.3),
  month(23.5, 31, 5, 0.6),
  month(25.5, 32.5, 30, 2.5),
  month(26, 33, 150, 11),
  month(25.5, 32.5, 145, 13),
  month(25, 31.5, 165, 15),
  month(25, 31.5, 170, 15),
  month(25, 31.5, 190, 16),
  month(24.5, 31, 160, 14),
  month(23.5, 30.5, 60, 6),
  month(22, 29.5, 20, 2.5),
];

/** The same day of the same seed always has the same weather, whatever was asked before. */
export function dayWeather(day: number, seed: number): DayWeather {
  const random = seededRandom(seed, `day ${day}`);
  const climate = year[calendarOf(day).month] ?? month(24, 31, 60, 6);
  const shift = 2 * (random() - 0.5);
  const shower = showerOf(climate, random);
  const minimumCelsius = climate.minimumCelsius + shift;
  return {
    minimumCelsius,
    maximumCelsius: climate.maximumCelsius + shift - (shower ? 1 : 0),
    // FAO-56 (2025), section 3: without a measurement the dew point is close to the night's minimum.
    dewPointCelsius: minimumCelsius - (shower ? 0.5 : 1.5),
    clearness: (shower ? 0.55 : 0.8) + 0.2 * random(),
    meanWindMetresPerSecond: 1.8 + 1.6 * random(),
    shower,
  };
}

/** Showers come in the afternoon, when the sea breeze meets the hills. */
function showerOf(climate: MonthClimate, random: Random): Shower | undefined {
  const rains = random() < climate.rainDays / 30;
  const share = -Math.log(1 - random());
  const startHours = 14 + 4 * random();
  const durationHours = 0.5 + 2 * random();
  if (!rains) return undefined;
  return { startHours, durationHours, depthMm: Math.max(1, (share * climate.rainMm) / climate.rainDays) };
}
