import { canonicalJson, type Reason, type SprayRecord } from '@nongtin/broker/wire';
import { type Farm, isWatered, type Plot, type Zone } from '../farm/layout.ts';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import { momentOfText } from '../irrigation/programs/bans.ts';
import { checkSpray, type ProductWish, type SprayContext } from './check-spray.ts';
import { dateAt } from './intervals.ts';
import { weatherOf } from './weather.ts';

/** A spraying as a person tells it; times are the farm's own, 'YYYY-MM-DDTHH:MM'. */
export interface SprayWish {
  /** Of the phone, so that one sending more says it once. */
  readonly sprayId?: string | undefined;
  readonly plot: string;
  readonly zones?: readonly string[] | undefined;
  /** Absent: the whole plot's. */
  readonly areaHectares?: number | undefined;
  readonly products: readonly ProductWish[];
  readonly waterLitres?: number | undefined;
  /** Given with the water: plots on the same drip lines get it too. */
  readonly isThroughDrip?: boolean | undefined;
  readonly pest: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly operator: string;
  readonly equipment?: string | undefined;
  readonly reason?: string | undefined;
  readonly prompt?: string | undefined;
  /** Why it was done although there are warnings. */
  readonly nevertheless?: string | undefined;
}

/** A wish as the record that it would become, but for who says it. */
export interface ReadSpray {
  readonly record: SprayRecord;
  readonly problems: readonly Reason[];
  readonly warnings: readonly Reason[];
}

interface ReadContext extends Omit<SprayContext, 'weather' | 'isClockTrusted'> {
  readonly farm: Pick<Farm, 'plots'>;
  readonly isTrusted: boolean;
  readonly timeZone: string;
  /** Hours of the farm's own weather that began in [fromMs, toMs), UTC. */
  readonly weatherHours: (fromMs: number, toMs: number) => readonly WeatherHour[];
}

const HOUR_MS = 3_600_000;

export function readSpray(wish: SprayWish, sprayId: string, context: ReadContext): ReadSpray {
  const { nowMs, isTrusted: isClockTrusted, timeZone, plot, weatherHours } = context;
  const { startedAt, endedAt, isThroughDrip, products: _, zones = [], ...said } = wish;
  const startedAtMs = momentOfText(startedAt, { timeZone });
  const endedAtMs = momentOfText(endedAt, { timeZone });
  const isReadable = startedAtMs !== null && endedAtMs !== null;
  const times = { startedAtMs: startedAtMs ?? 0, endedAtMs: endedAtMs ?? 0 };
  const areaHectares = wish.areaHectares ?? plot.areaHectares;
  const facts = { ...wish, sprayId, zones, areaHectares, ...times };
  const weather = weatherOf(weatherHours(times.startedAtMs - HOUR_MS, times.endedAtMs + 1), times);
  const { products, problems, warnings } = checkSpray(facts, { ...context, weather, isClockTrusted });
  const sharedWith = isThroughDrip === true ? sharingLines(context.farm, plot, zones) : [];
  const noArea = zones.length > 0 && wish.areaHectares === undefined;
  return {
    record: {
      ...{ kind: 'spray', revision: 1, state: 'standing', atMs: nowMs, isClockTrusted },
      ...{ recordedBy: '', recordedByName: '' },
      ...(sharedWith.length > 0 ? { sharedWith } : {}),
      ...withoutGaps({ ...said, sprayId, plot: plot.id, zones: [...zones], areaHectares, ...times }),
      ...{
        products: [...products],
        endDate: dateAt(timeZone, times.endedAtMs),
        weather,
        warnings: [...warnings],
      },
    },
    warnings,
    problems: [
      ...(isReadable ? problems : [{ key: 'spray_time_unreadable', figures: {} }]),
      ...(noArea ? [{ key: 'spray_area_missing', figures: {} }] : []),
    ],
  };
}

/** Whether it is the first one in the same words: who, when, and what was known beside it may differ. */
export function isSentAgain(first: SprayRecord, again: SprayRecord): boolean {
  const { atMs, isClockTrusted, recordedBy, recordedByName, warnings, weather } = again;
  const beside = { atMs, isClockTrusted, recordedBy, recordedByName, warnings, weather };
  return canonicalJson({ ...first, ...beside }) === canonicalJson(again);
}

/**
 * Other plots that get what is given through these zones' lines: those with a zone of the same source, or of one that nobody has
 * said where either has none.
 */
function sharingLines({ plots }: Pick<Farm, 'plots'>, plot: Plot, zones: readonly string[]): string[] {
  const given = plot.zones.filter(({ id }) => zones.length === 0 || zones.includes(id)).filter(isWatered);
  const meets = (one: Zone) =>
    given.some(({ source }) => source === undefined || one.source === undefined || source === one.source);
  return plots
    .filter(({ id, zones: its }) => id !== plot.id && its.filter(isWatered).some(meets))
    .map(({ id }) => id);
}

type WithoutGaps<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** What nobody has said is not part of the record. */
function withoutGaps<T extends object>(told: T): WithoutGaps<T> {
  return Object.fromEntries(
    Object.entries(told).filter(([, value]) => value !== undefined),
  ) as WithoutGaps<T>;
}
