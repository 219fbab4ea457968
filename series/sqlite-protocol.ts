import type {
  RollupSpan,
  SeriesName,
  SeriesPoint,
  SeriesQuery,
  Tier,
  TierMarks,
  WriteOutcome,
} from './store.ts';

/** Asked of the thread; answered with the same id. */
export type SeriesRequest = { id: number } & (
  | { ask: 'write'; lines: string }
  | { ask: 'flush' }
  | { ask: 'query'; query: SeriesQuery; marks: TierMarks }
  | { ask: 'seriesOf'; device: string }
  | { ask: 'recompute'; span: RollupSpan }
  | { ask: 'forget'; tier: Tier; beforeMs: number }
  | { ask: 'close' }
);

export type SeriesAnswer = { id: number } & ({ ok: SeriesValue } | { problem: string; atStart: boolean });

export type SeriesValue = WriteOutcome | SeriesPoint[] | SeriesName[] | Opened | boolean | undefined;

export interface Opened {
  readonly fileId: string;
  readonly isOlderThanIds: boolean;
}

/** The first answer, with id 0, says whether the database could be opened. */
export const OPENED = 0;
