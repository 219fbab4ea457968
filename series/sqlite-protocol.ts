import type { SeriesName, SeriesPoint, SeriesQuery, WriteOutcome } from './store.ts';

/** Asked of the thread; answered in order with the same id. */
export type SeriesRequest = { id: number } & (
  | { ask: 'write'; lines: string }
  | { ask: 'query'; query: SeriesQuery }
  | { ask: 'seriesOf'; device: string }
  | { ask: 'close' }
);

export type SeriesAnswer = { id: number } & ({ ok: SeriesValue } | { problem: string; atStart: boolean });

export type SeriesValue = WriteOutcome | SeriesPoint[] | SeriesName[] | undefined;

/** The first answer, with id 0, says whether the database could be opened. */
export const OPENED = 0;
