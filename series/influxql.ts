import { isMetricName } from '@nongtin/broker/wire';
import { planQuery, type SeriesName, type SeriesQuery } from './store.ts';

/**
 * InfluxQL of a query. Windows start at `fromMs` (the second argument of time() shifts them there), so that every
 * store cuts the time in the same way.
 */
export function influxQl(query: SeriesQuery): string {
  const plan = planQuery(query);
  const conditions = [
    `"device" = ${stringLiteral(query.device)}`,
    `time >= ${plan.fromMs}ms`,
    `time < ${plan.toMs}ms`,
  ];
  // A tag that a point does not have equals the empty string.
  if (query.channel !== undefined) conditions.push(`"channel" = ${stringLiteral(query.channel)}`);
  const from = `FROM ${identifier(query.metric)} WHERE ${conditions.join(' AND ')}`;
  if (plan.aggregate === 'raw') {
    return `SELECT "value", "quality" ${from} ORDER BY time DESC LIMIT ${plan.limit}`;
  }
  const quality = plan.aggregate === 'last' ? 'LAST' : 'MAX';
  const shift = ((plan.fromMs % plan.windowMs) + plan.windowMs) % plan.windowMs;
  return (
    `SELECT ${plan.aggregate.toUpperCase()}("value") AS "value", ${quality}("quality") AS "quality" ${from} ` +
    `GROUP BY time(${plan.windowMs}ms, ${shift}ms) fill(none)`
  );
}

/** InfluxQL for the series of a device: one key each, such as `raw,channel=a\\ b,device=d1`. */
export function influxQlSeries(device: string): string {
  return `SHOW SERIES WHERE "device" = ${stringLiteral(device)}`;
}

/** Metric and channel of a series key; undefined for one that is not ours. */
export function seriesOfKey(key: string): SeriesName | undefined {
  const [, metric = '', channel = ''] = /^([^,]+)(?:,channel=((?:\\.|[^\\,])*))?,device=/.exec(key) ?? [];
  return isMetricName(metric) ? { metric, channel: channel.replace(/\\(.)/g, '$1') } : undefined;
}

/** InfluxQL reference, "Literals": a backslash escapes itself, the quote and the newline (as \n). */
function stringLiteral(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`;
}

function identifier(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
