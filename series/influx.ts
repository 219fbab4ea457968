export { influx1Series } from './influx1.ts';
export { influx2Series } from './influx2.ts';
export { type InfluxdOptions, influxdConfig, type RunningInfluxd, startInfluxd } from './influxd.ts';
