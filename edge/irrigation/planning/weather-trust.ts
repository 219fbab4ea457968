import type { Reason } from '@nongtin/broker/wire';
import type { WeatherHour as FarmHour } from '../../farm-weather/farm-weather.ts';
import { DAYS_TO_DOUBT_WEATHER, weatherDoubts } from '../crop-water/integrity.ts';
import type { Site } from '../crop-water/types.ts';
import { dateText, type LocalDay } from '../programs/calendar.ts';
import { weatherDayOf } from './weather-day.ts';

type HoursOfDay = (day: LocalDay) => readonly FarmHour[];
type Doubts = ReturnType<typeof weatherDoubts>;

const MOST_DAYS = 40;
/** What an hour loses when a sensor is doubted. */
const UNTOLD = {
  temperature: { airTemperature: null },
  humidity: { relativeHumidity: null, dewPoint: null },
  wind: { windSpeed: null },
  solar: { solarRadiation: null },
} as const satisfies Record<string, Partial<FarmHour>>;

/** Which of the weather's sensors are believed on which day: by that day and those before it. */
export class WeatherTrust {
  readonly #byDay = new Map<LocalDay, Doubts>();

  /** Of a day that is over. */
  doubts(day: LocalDay, hoursOf: HoursOfDay, site: Site): Doubts {
    const known = this.#byDay.get(day);
    if (known) return known;
    const days = Array.from(
      { length: DAYS_TO_DOUBT_WEATHER },
      (_, at) => day - DAYS_TO_DOUBT_WEATHER + 1 + at,
    );
    const found = weatherDoubts(
      days.map((one) => weatherDayOf(dateText(one), hoursOf(one), site)),
      site,
    );
    if (this.#byDay.size >= MOST_DAYS) this.#byDay.clear();
    this.#byDay.set(day, found);
    return found;
  }

  /** Hours without what is doubted: the standard's fall-backs take its place. */
  believed(hours: readonly FarmHour[], doubts: Doubts): readonly FarmHour[] {
    if (doubts.length === 0) return hours;
    const untold = Object.assign({}, ...doubts.map(({ sensor }) => UNTOLD[sensor])) as Partial<FarmHour>;
    return hours.map((hour) => ({ ...hour, ...untold }));
  }
}

export function reasonsOf(doubts: Doubts): Reason[] {
  return doubts.map(({ reason }) => reason);
}
