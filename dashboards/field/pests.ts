import { call, type Reason } from '../ui/api.ts';
import { attachmentOf } from './diary-files.ts';
import type { HeldFile } from './diary-store.ts';
import { gatewayDoor, sendPieces } from './diary-sync.ts';

/** What the gateway says of pests; dates are the farm's own, YYYY-MM-DD. */
export interface Pests {
  today: string;
  timeZone: string;
  isClockTrusted: boolean;
  plots: { plot: string; name: string; pests: PlotPest[] }[];
}

export interface PlotPest {
  /** Id of the library. */
  pest: string;
  name: Words;
  latin: string;
  advice: 'act' | 'wait' | 'look';
  lookAgainDate: string;
  reason: Reason;
  notes: Reason[];
  /** What somebody has found on plants last; null: nobody has looked. */
  seen: { unit: string; value: number; sampleSize: number; seenAtMs: number; by: string } | null;
  /** By degree-days; null: nobody knows them. */
  development: {
    biofixDate: string;
    /** K·d since then. */
    degreeDays: number;
    perDay: number | null;
    generation: number;
    nextFlightDate: string | null;
  } | null;
  neighbours: { farm: string; distanceKm: number | null; perTrapPerDay: number; date: string }[];
}

/** As the library has it in each language. */
type Words = Readonly<Record<'vi' | 'en' | 'zh', string>>;

/** Of a pest, as much as the page shows. */
export interface PestProfile {
  id: string;
  name: Words;
  development: { stages: { degreeDays: number }[]; lowerCelsius: number; source: string } | null;
  infection: { sources: string[] } | null;
  thresholds: { unit: string; value: number; cropStage?: Words; source: string }[];
  /** What nobody has published; a farm's own pests may say it in one language. */
  unknown: (Words | string)[];
  /** Without chemicals first. */
  advice: { nonChemical: Words[]; chemical: Words };
}

export interface Trap {
  id: string;
  name: string;
  plot: string;
  pest: string;
  /** Null: the library has it no more. */
  pestName: Words | null;
  latin: string | null;
  /** Null: a person counts. */
  device: string | null;
  /** Today or before: it is due. */
  nextCheckDate: string;
  /** Null: nobody has looked yet. */
  last: LastCount | null;
  /** The newest last; null: nobody looked, which is not none. */
  days: { date: string; caught: number | null; isSpread: boolean }[];
}

export interface Traps {
  timeZone: string;
  traps: Trap[];
}

export interface LastCount {
  countId: string;
  revision: number;
  count: number;
  untilMs: number;
  countedBy: 'device' | 'person';
  by: string;
}

/** What somebody has found by looking at plants. */
export interface SeenWish {
  seenId: string;
  plot: string;
  pest: string;
  seenAt: string;
  unit: string;
  /** Mean of what was looked at. */
  value: number;
  sampleSize: number;
  /** English name of a stage of the library; absent: nobody said. */
  cropStage?: string;
}

/** By what people count who look at plants: the units in which a threshold is known. */
export const lookedUnits = ({ thresholds }: PestProfile): string[] => [
  ...new Set(thresholds.flatMap(({ unit }) => (unit === 'per_trap_day' ? [] : [unit]))),
];

/** Stages of the crop that have a threshold of their own. */
export const stagesOf = ({ thresholds }: PestProfile, unit: string): Words[] =>
  thresholds.flatMap((one) => (one.unit === unit && one.cropStage !== undefined ? [one.cropStage] : []));

const DAYS = 14;

export const pests = () => call<Pests>('/api/pests');
export const traps = () => call<Traps>(`/api/pests/traps?days=${DAYS}`);
export const pestLibrary = async () => (await call<{ pests: PestProfile[] }>('/api/pests/library')).pests;

export const withdrawCount = ({ countId, revision }: LastCount, why: string) =>
  call(`/api/pests/counts/${encodeURIComponent(countId)}/withdraw`, { revision, why });
/** From which day on the heat of a plot counts for a pest. */
export const setBiofix = (plot: string, pest: string, date: string) =>
  call('/api/pests/biofix', { plot, pest, date });

/** Kept once however often it is sent; the photo follows it. */
export async function seePest(wish: SeenWish, photo: HeldFile | null): Promise<void> {
  await call('/api/pests/seen', photo === null ? wish : { ...wish, photo: attachmentOf(photo) });
  if (photo !== null) await sendPieces(gatewayDoor, photo.sha256, photo.blob);
}
