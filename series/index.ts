export { sqliteSeries } from './sqlite.ts';
export type {
  SeriesName,
  SeriesPoint,
  SeriesQuery,
  SeriesStore,
  WriteOutcome,
} from './store.ts';
