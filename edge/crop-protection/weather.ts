import type { SprayWeather } from '@nongtin/broker/wire';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';

/** The clocks of a time-lapse demo: its calendar runs `speed` times as fast as the clock that people tell times by. */
interface Calendar {
  readonly nowMs: () => number;
  readonly calendarMs: () => number;
  readonly speed: number;
  /** Hours that began in [fromMs, toMs) of the calendar. */
  readonly hours: (fromMs: number, toMs: number) => readonly WeatherHour[];
}

/** Hours of weather by the clock. */
export function hoursByClock({ nowMs, calendarMs, speed, hours }: Calendar): Calendar['hours'] {
  if (speed === 1) return hours;
  return (fromMs, toMs) => {
    const [now, calendarNow] = [nowMs(), calendarMs()];
    const onCalendar = (atMs: number) => calendarNow - (now - atMs) * speed;
    const onClock = (atMs: number) => now - (calendarNow - atMs) / speed;
    return hours(onCalendar(fromMs), onCalendar(toMs)).map((hour) => ({
      ...hour,
      ...{ startMs: onClock(hour.startMs), atMs: onClock(hour.atMs) },
    }));
  };
}

/** The farm's own weather in the hours that a spraying touched; null: nothing was measured then. */
export function weatherOf(
  hours: readonly WeatherHour[],
  { startedAtMs, endedAtMs }: { readonly startedAtMs: number; readonly endedAtMs: number },
): SprayWeather | null {
  const touched = hours.filter((hour) => hour.startMs <= endedAtMs && hour.atMs > startedAtMs);
  const told = (of: (hour: WeatherHour) => number | null) =>
    touched.flatMap((hour) => {
      const value = of(hour);
      return value === null ? [] : [value];
    });
  const winds = told(({ windSpeed }) => windSpeed);
  const rains = told(({ rain }) => rain);
  const weather = {
    windMetresPerSecond: winds.length === 0 ? null : Math.max(...winds),
    rainMm: rains.length === 0 ? null : rounded(rains.reduce((sum, mm) => sum + mm, 0)),
    airTemperature: mean(told(({ airTemperature }) => airTemperature?.mean ?? null)),
    relativeHumidity: mean(told(({ relativeHumidity }) => relativeHumidity?.mean ?? null)),
  };
  return Object.values(weather).every((value) => value === null) ? null : weather;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : rounded(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
