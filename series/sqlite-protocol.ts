import type { SeriesPoint, SeriesQuery, WriteOutcome } from './store.ts';

/** Asked of the thread; answered in order with the same id. */
export type SeriesRequest = { id: number } & (
  | { ask: 'write'; lines: string }
  | { ask: 'query'; query: SeriesQuery }
  | { ask: 'close' }
);

export type SeriesAnswer = { id: number } & (
  | { ok: WriteOutcome | SeriesPoint[] | undefined }
  | { problem: string; atStart: boolean }
);

/** The first answer, with id 0, says whether the database could be opened. */
export const OPENED = 0;
