import type { Site } from './sun.ts';

interface MonthClimate {
  readonly minimumCelsius: number;
  readonly maximumCelsius: number;
  readonly rainMm: number;
  readonly rainDays: number;
}

export interface Climate {
  readonly title: { readonly vi: string; readonly en: string };
  readonly site: Site;
  /** January first. */
  readonly months: readonly MonthClimate[];
  /** Solar radiation of a dry day and of a day with a shower, as a share of a clear sky's: from, and how much more. */
  readonly clearness: { readonly dry: number; readonly wet: number; readonly spread: number };
  readonly windMetresPerSecond: { readonly least: number; readonly spread: number };
  /** Local hours in which showers begin, and how long they last. */
  readonly showers: {
    readonly fromHours: number;
    readonly spreadHours: number;
    readonly longestHours: number;
  };
}

const month = (
  minimumCelsius: number,
  maximumCelsius: number,
  rainMm: number,
  rainDays: number,
): MonthClimate => ({ minimumCelsius, maximumCelsius, rainMm, rainDays });

const afternoon = { fromHours: 14, spreadHours: 4, longestHours: 2.5 };

/** Plausible years, rounded by us for the simulation from what is known of each region; not the records of stations. */
export const climates = {
  /** The dry coast: rainless from December to April, then afternoon showers. */
  'binh-thuan': {
    title: { vi: 'Ven biển Bình Thuận', en: 'Bình Thuận coast' },
    site: { latitudeDegrees: 10.9, longitudeDegrees: 108.1, altitudeMetres: 40, utcOffsetHours: 7 },
    months: [
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
    ],
    clearness: { dry: 0.8, wet: 0.55, spread: 0.2 },
    windMetresPerSecond: { least: 1.8, spread: 1.6 },
    showers: afternoon,
  },
  /** A cool highland at 1,500 m: mild all year, wet from May to October, dry from December to March. */
  'da-lat': {
    title: { vi: 'Cao nguyên Đà Lạt', en: 'Đà Lạt highland' },
    site: { latitudeDegrees: 11.95, longitudeDegrees: 108.45, altitudeMetres: 1500, utcOffsetHours: 7 },
    months: [
      month(11.5, 22.5, 8, 2),
      month(12, 24, 20, 3),
      month(13.5, 25, 60, 6),
      month(15, 25.5, 150, 12),
      month(16.5, 25, 215, 18),
      month(16.5, 24.5, 200, 18),
      month(16, 24, 230, 20),
      month(16, 23.5, 235, 21),
      month(16, 23.5, 280, 21),
      month(15, 23, 240, 18),
      month(14, 22.5, 90, 10),
      month(12.5, 22, 30, 5),
    ],
    clearness: { dry: 0.75, wet: 0.45, spread: 0.2 },
    windMetresPerSecond: { least: 1, spread: 1.4 },
    showers: { fromHours: 13, spreadHours: 4, longestHours: 3 },
  },
  /** The Mekong delta: hot and humid, wet from May to November. */
  'mekong-delta': {
    title: { vi: 'Đồng bằng sông Cửu Long', en: 'Mekong delta' },
    site: { latitudeDegrees: 10.03, longitudeDegrees: 105.77, altitudeMetres: 2, utcOffsetHours: 7 },
    months: [
      month(22, 30.5, 8, 1),
      month(22.5, 31.5, 3, 0.6),
      month(23.5, 33, 10, 1.3),
      month(25, 34.5, 45, 4),
      month(25, 33.5, 175, 14),
      month(24.5, 32.5, 210, 17),
      month(24.5, 32, 220, 18),
      month(24.5, 31.5, 220, 18),
      month(24.5, 31.5, 265, 19),
      month(24.5, 31, 280, 19),
      month(24, 31, 150, 11),
      month(22.5, 30, 40, 5),
    ],
    clearness: { dry: 0.75, wet: 0.5, spread: 0.2 },
    windMetresPerSecond: { least: 0.9, spread: 1.2 },
    showers: afternoon,
  },
  /** The northern delta: a cold, grey season with drizzle, a hot one with heavy rain. */
  'red-river-delta': {
    title: { vi: 'Đồng bằng sông Hồng', en: 'Red River delta' },
    site: { latitudeDegrees: 21.0, longitudeDegrees: 105.85, altitudeMetres: 8, utcOffsetHours: 7 },
    months: [
      month(14, 20, 20, 8),
      month(15, 20.5, 28, 11),
      month(18, 23, 45, 14),
      month(21.5, 27.5, 90, 13),
      month(24.5, 31.5, 190, 14),
      month(26, 33.5, 240, 15),
      month(26.5, 33.5, 285, 16),
      month(26, 32.5, 310, 16),
      month(25, 31.5, 230, 13),
      month(22, 29, 130, 9),
      month(18.5, 25.5, 45, 6),
      month(15, 22, 20, 5),
    ],
    clearness: { dry: 0.5, wet: 0.3, spread: 0.25 },
    windMetresPerSecond: { least: 1.2, spread: 1.6 },
    showers: { fromHours: 3, spreadHours: 14, longestHours: 6 },
  },
} as const satisfies Record<string, Climate>;

export type ClimateName = keyof typeof climates;
export const climateNames = Object.keys(climates) as ClimateName[];
