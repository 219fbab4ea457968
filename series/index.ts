export { type Influx1Options, influx1Series } from './influx1.ts';
export { type Influx2Options, influx2Series } from './influx2.ts';
export { type InfluxdOptions, influxdConfig, type RunningInfluxd, startInfluxd } from './influxd.ts';
export { floorTo, type TierMarks } from './plan.ts';
export { sqliteSeries } from './sqlite.ts';
export type {
  Aggregate,
  RollupSpan,
  Rollups,
  RollupTier,
  SeriesName,
  SeriesPoint,
  SeriesQuery,
  SeriesStore,
  WriteOutcome,
} from './store.ts';
