import { type MetricName, metrics } from '@nongtin/broker/wire';
import { Type } from 'typebox';
import type { Measurement } from '../devices/conditions.ts';

/** Name of a metric of the wire contract. */
export const Metric = Type.Enum(Object.keys(metrics) as MetricName[]);

/** The same with one value changed; a sensor that does not measure it is left as it is. */
export function withMetric(
  measured: Measurement,
  metric: string,
  change: (value: number) => number,
): Measurement {
  const value = measured[metric as MetricName];
  return value === undefined ? measured : { ...measured, [metric]: Number(change(value).toFixed(6)) };
}
