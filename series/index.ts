export { sqliteSeries } from './sqlite.ts';
export { openWithLog } from './sqlite-open.ts';
export type {
  SeriesName,
  SeriesPoint,
  SeriesQuery,
  SeriesStore,
  WriteOutcome,
} from './store.ts';
