import { saturationKpa, windAt2m } from './air.ts';
import { isWithin } from './notes.ts';
import type { CropProfile } from './profile.ts';
import { dayOfYear } from './radiation.ts';
import type { DailyWeather, Site } from './types.ts';

/** The air over the crop, as the mean of some days: of its mid-season in books, of the last week in the field. */
export interface Climate {
  readonly windAt2m: number;
  readonly rhMinPercent: number;
}

export type Stage = 'not_planted' | 'initial' | 'development' | 'mid' | 'late' | 'end' | 'over';

export interface CropDay {
  /** Local date, YYYY-MM-DD. */
  readonly date: string;
  /** First day of an annual crop; perennials go by the calendar. */
  readonly plantedOn: string | null;
}

export interface Coefficient {
  readonly stage: Stage;
  /** 1 on the day of planting; the day of the year for perennials. */
  readonly cropDay: number;
  readonly kc: number;
  /** The same before it was adjusted to the climate. */
  readonly standardKc: number;
  /** Which of wind, humidity and height were outside of what the adjustment holds for; null: nothing was adjusted. */
  readonly limited: readonly ('wind' | 'rhMin' | 'height')[] | null;
}

interface Curve {
  readonly initial: number;
  readonly mid: number;
  readonly end: number;
}

/**
 * Kc of a day (59, 66 | 6.2, 6.20), mid and end adjusted to the climate (62, 65 | 6.16, 6.19) where it and the crop's
 * height are known. Throws a RangeError for an annual crop without a date of planting.
 */
export function cropCoefficient(profile: CropProfile, day: CropDay, climate: Climate | null): Coefficient {
  return coefficientOn(profile.kc, profile, day, climate);
}

/** Kcb likewise (66, 70 | 6.20, 7.1 to 7.9). Throws a RangeError where the profile has none. */
export function basalCoefficient(profile: CropProfile, day: CropDay, climate: Climate | null): Coefficient {
  if (profile.kcb === undefined) throw new RangeError(`${profile.id} has no kcb`);
  return coefficientOn(profile.kcb, profile, day, climate);
}

function coefficientOn(
  curve: Curve,
  profile: CropProfile,
  day: CropDay,
  climate: Climate | null,
): Coefficient {
  const { heightMetres, season } = profile;
  const adjustment =
    climate === null || heightMetres === undefined ? null : climateTerm(climate, heightMetres);
  const by = adjustment?.by ?? 0;
  const adjusted = {
    initial: curve.initial,
    mid: Math.max(0, curve.mid + by),
    end: curve.end > 0.45 ? Math.max(0, curve.end + by) : curve.end,
  };
  const place = season.kind === 'annual' ? annualPlace(season, day) : perennialPlace(season.months, day.date);
  const { stage, cropDay } = place;
  const of = (one: Curve) => one[place.from] + place.share * (one[place.to] - one[place.from]);
  return { stage, cropDay, kc: of(adjusted), standardKc: of(curve), limited: adjustment?.limited ?? null };
}

/** By how much Kc of a crop differs from that of the standard climate, within the limits of the equation (62 | 6.16). */
export function climateTerm(climate: Climate, heightMetres: number) {
  const limited: ('wind' | 'rhMin' | 'height')[] = [];
  const within = (name: 'wind' | 'rhMin' | 'height', value: number, low: number, high: number) => {
    if (value < low || value > high) limited.push(name);
    return Math.min(high, Math.max(low, value));
  };
  const wind = within('wind', climate.windAt2m, 1, 6);
  const rhMin = within('rhMin', climate.rhMinPercent, 20, 80);
  const height = within('height', heightMetres, 0.1, 10);
  return { by: (0.04 * (wind - 2) - 0.004 * (rhMin - 45)) * (height / 3) ** 0.3, limited };
}

/** RHmin from the day's highest temperature and its dew point, for which Tmin may stand (63, 64 | 6.17, 6.18). */
function rhMinFrom(tMaxCelsius: number, dewPointCelsius: number): number {
  return Math.min(100, (100 * saturationKpa(dewPointCelsius)) / saturationKpa(tMaxCelsius));
}

/**
 * Mean wind and RHmin of some days at a site, for those that tell them: the mean of a season stage in books, of the last week
 * or so in the field. Null when no day tells both.
 */
export function climateOf(
  days: readonly DailyWeather[],
  site: Pick<Site, 'windHeightMetres'>,
): Climate | null {
  const told = days.flatMap((day) => {
    const rhMinPercent = isWithin(day.rhMinPercent, 0, 100) ? day.rhMinPercent : estimatedRhMin(day);
    if (rhMinPercent === null || !isWithin(day.windMetresPerSecond, 0, 40)) return [];
    return { rhMinPercent, windAt2m: windAt2m(day.windMetresPerSecond, site.windHeightMetres) };
  });
  if (told.length === 0) return null;
  const mean = (key: keyof Climate) => told.reduce((sum, day) => sum + day[key], 0) / told.length;
  return { windAt2m: mean('windAt2m'), rhMinPercent: mean('rhMinPercent') };
}

function estimatedRhMin({ tMinCelsius, tMaxCelsius, dewPointCelsius }: DailyWeather): number | null {
  const dewPoint = dewPointCelsius ?? tMinCelsius;
  if (!isWithin(tMaxCelsius, -60, 60) || !isWithin(dewPoint, -60, tMaxCelsius)) return null;
  return rhMinFrom(tMaxCelsius, dewPoint);
}

/** A day's place on the curve: `share` of the way from one coefficient to another. */
interface Place {
  readonly stage: Stage;
  readonly cropDay: number;
  readonly from: keyof Curve;
  readonly to: keyof Curve;
  readonly share: number;
}

type Annual = Extract<CropProfile['season'], { kind: 'annual' }>;

function annualPlace(season: Annual, { date, plantedOn }: CropDay): Place {
  if (plantedOn === null) throw new RangeError('an annual crop has a date of planting');
  const cropDay = daysBetween(plantedOn, date) + 1;
  const { initial, development, mid, late } = season.stageDays;
  const flat = (stage: Stage, at: keyof Curve): Place => ({ stage, cropDay, from: at, to: at, share: 0 });
  if (cropDay < 1) return flat('not_planted', 'initial');
  if (cropDay <= initial) return flat('initial', 'initial');
  const inDevelopment = cropDay - initial;
  if (inDevelopment <= development)
    return { stage: 'development', cropDay, from: 'initial', to: 'mid', share: inDevelopment / development };
  const inMid = inDevelopment - development;
  if (inMid <= mid) return flat('mid', 'mid');
  const inLate = inMid - mid;
  if (inLate <= late) return { stage: 'late', cropDay, from: 'mid', to: 'end', share: inLate / late };
  return flat('over', 'end');
}

type MonthStage = Extract<CropProfile['season'], { kind: 'perennial' }>['months'][number];

function perennialPlace(months: readonly MonthStage[], date: string): Place {
  const cropDay = dayOfYear(date);
  const month = Number(date.slice(5, 7)) - 1;
  const at = (index: number) => months[((index % 12) + 12) % 12] ?? 'initial';
  const stage = at(month);
  if (stage === 'initial' || stage === 'mid' || stage === 'end')
    return { stage, cropDay, from: stage, to: stage, share: 0 };
  // A run of several months of development or late season is one slope; the year is a circle.
  let first = month;
  while (at(first - 1) === stage && month - first < 11) first -= 1;
  let last = month;
  while (at(last + 1) === stage && last - first < 11) last += 1;
  const year = Number(date.slice(0, 4));
  const begins = Date.UTC(year, first, 1);
  const ends = Date.UTC(year, last + 1, 1);
  const share = (Date.parse(`${date}T00:00:00Z`) + 86_400_000 - begins) / (ends - begins);
  return stage === 'development'
    ? { stage, cropDay, from: at(first - 1) === 'end' ? 'end' : 'initial', to: 'mid', share }
    : { stage, cropDay, from: 'mid', to: at(last + 1) === 'initial' ? 'initial' : 'end', share };
}

export function daysBetween(from: string, to: string): number {
  // Both are checked as dates.
  dayOfYear(from);
  dayOfYear(to);
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000;
}

/**
 * Depth of the roots: that of the seedling in the initial stage, deepening evenly to the full one over development (annex 8:
 * 8-1); those of perennials are as deep as they get.
 */
export function rootDepthOn(
  depth: { readonly initialMetres: number; readonly fullMetres: number },
  season: CropProfile['season'],
  day: CropDay,
): number {
  return depth.initialMetres + grownShare(season, day) * (depth.fullMetres - depth.initialMetres);
}

/** How far a crop has grown from seedling to full size, 0 to 1. */
function grownShare(season: CropProfile['season'], day: CropDay): number {
  if (season.kind === 'perennial') return 1;
  const { initial, development } = season.stageDays;
  const { cropDay } = annualPlace(season, day);
  return Math.min(1, Math.max(0, (cropDay - initial) / Math.max(1, development)));
}

/** Height of the crop on a day: with its Kcb, and never shorter again (annex 8, note 3); 1 m where it is not known. */
export function heightOn(profile: CropProfile, day: CropDay): number {
  const { heightMetres: full = 1, kcb, season } = profile;
  if (kcb === undefined || kcb.mid === 0) return full;
  const { initial, mid } = kcb;
  return full * Math.min(1, (initial + grownShare(season, day) * (mid - initial)) / mid);
}

interface Wetting {
  readonly et0Mm: number;
  /** Days from one rain or irrigation to the next. */
  readonly intervalDays: number;
  readonly readilyEvaporableMm: number;
  readonly totalEvaporableMm: number;
  /** Mean depth of a wetting; small ones fill less than the layer. */
  readonly wettingMm: number;
  /** Share of the surface that is wetted (60 | 6.3). */
  readonly wettedFraction: number;
}

/** Kc of the initial stage by how often the soil is wetted (annex 7: 7-3, 7-9, 7-10), for mostly bare soil. */
export function initialCoefficient(wetting: Wetting): number {
  const { et0Mm, intervalDays, wettedFraction } = wetting;
  const potential = 1.15 * et0Mm;
  const total = Math.max(0.01, Math.min(wetting.totalEvaporableMm, wetting.wettingMm));
  const readily = wetting.readilyEvaporableMm * Math.min(1, total / wetting.totalEvaporableMm);
  const firstDays = readily / potential;
  if (intervalDays <= firstDays || total <= readily) {
    const mm = Math.min(potential * intervalDays, total);
    return (wettedFraction * mm) / (intervalDays * et0Mm);
  }
  const exponent = (-(intervalDays - firstDays) * potential * (1 + readily / (total - readily))) / total;
  return (wettedFraction * (total - (total - readily) * Math.exp(exponent))) / (intervalDays * et0Mm);
}
