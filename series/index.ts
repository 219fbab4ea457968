export { writeNarrowing } from './narrow.ts';
export { sqliteSeries } from './sqlite.ts';
export { openWithLog } from './sqlite-open.ts';
export {
  type Lines,
  type SeriesName,
  type SeriesPoint,
  type SeriesQuery,
  type SeriesStore,
  textOf,
  type WriteOutcome,
} from './store.ts';
