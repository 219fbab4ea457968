export { type Influx1Options, influx1Series } from './influx1.ts';
export { type InfluxdOptions, influxdConfig, type RunningInfluxd, startInfluxd } from './influxd.ts';
export { sqliteSeries } from './sqlite.ts';
export type { Aggregate, SeriesName, SeriesPoint, SeriesQuery, SeriesStore, WriteOutcome } from './store.ts';
