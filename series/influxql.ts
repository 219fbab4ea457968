import { isMetricName } from '@nongtin/broker/wire';
import type { PlanPart, WindowPlan } from './plan.ts';
import type { SeriesName, SeriesQuery, Tier } from './store.ts';
import { UNBELIEVABLE } from './summary.ts';

/** A line leaves out a quality that is good, and InfluxQL cannot ask for a missing field: so what is bad is asked for. */
const BAD = `("quality" & ${UNBELIEVABLE}) > 0`;

/** Which measurements of which tier: a retention policy as prefix, where the tiers share a database. */
export type Source = (tier: Tier) => string;

type Named = Pick<SeriesQuery, 'metric' | 'device' | 'channel'>;
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The newest readings as they are, the newest first. */
export function readingsQl(source: Source, named: Named, span: Span, limit: number): string {
  return `SELECT "value", "quality" ${matching(source('raw'), named, span)} ORDER BY time DESC LIMIT ${limit}`;
}

/** Readings of a span or rows of a rollup, each channel by itself, the oldest first and of each at most so many. */
export function rowsQl(source: Source, tier: Tier, named: Named, span: Span, limit: number): string {
  const columns = tier === 'raw' ? '"value", "quality"' : '*';
  return `SELECT ${columns} ${matching(source(tier), named, span)} GROUP BY "channel" LIMIT ${limit}`;
}

/** How many readings of a part can be believed, or cannot, in the plan's windows. */
export function badQl(source: Source, named: Named, part: PlanPart, plan: WindowPlan): string {
  return `SELECT COUNT("value") AS "bad" ${matching(source('raw'), named, part, BAD)} ${windows(plan)}`;
}

/** A part of the plan, joined in its windows without regard to quality. Columns are named as in a summary. */
export function joinedQl(source: Source, named: Named, part: PlanPart, plan: WindowPlan): string {
  const wanted = {
    mean: 'SUM("value") AS "sum"',
    sum: 'SUM("value") AS "sum"',
    min: 'MIN("value") AS "min"',
    max: 'MAX("value") AS "max"',
    last: 'LAST("value") AS "last"',
    increase: 'LAST("value") AS "last"',
  }[plan.aggregate];
  const columns = `COUNT("value") AS "count", ${wanted}, MAX("quality") AS "quality"`;
  return `SELECT ${columns} ${matching(source('raw'), named, part)} ${windows(plan)}`;
}

/**
 * The same of a rollup: of all its rows, with `unbelieved` where some row cannot be believed; or only of those that can,
 * or only of the others. Each field that all rows have costs InfluxDB as much as the first one.
 */
export function joinedRollupQl(
  source: Source,
  named: Named,
  part: PlanPart,
  plan: WindowPlan,
  rows: 'all' | 'believed' | 'others',
): string {
  const count = 'SUM("count") AS "count"';
  const wanted = {
    mean: `SUM("sum") AS "sum", ${count}`,
    sum: 'SUM("sum") AS "sum"',
    min: 'MIN("min") AS "min"',
    max: 'MAX("max") AS "max"',
    last: 'LAST("last") AS "last"',
    increase: 'LAST("last") AS "last"',
  }[plan.aggregate];
  const more = {
    all: 'MAX("unbelieved") AS "unbelieved"',
    believed: 'SUM("flagged") AS "flagged"',
    others: 'SUM("flagged") AS "flagged"',
  }[rows];
  const columns = `${wanted}, ${more}, MAX("quality") AS "quality"`;
  const condition = { all: undefined, believed: '"count" > 0', others: '"count" = 0' }[rows];
  return `SELECT ${columns} ${matching(source(part.tier), named, part, condition)} ${windows(plan)}`;
}

/** How many rows a tier holds in a span, each measurement by itself; of one device or of all. */
export function countQl(source: Source, tier: Tier, span: Span, device?: string): string {
  const field = tier === 'raw' ? 'value' : 'count';
  return `SELECT COUNT("${field}") AS "rows" FROM ${source(tier)}/.*/ WHERE ${conditions(span, device).join(' AND ')}`;
}

/** Every series of a tier in a span, its rows the oldest first. */
export function everythingQl(source: Source, tier: Tier, span: Span, device?: string): string {
  const columns = tier === 'raw' ? '"value", "quality"' : '*';
  const where = conditions(span, device).join(' AND ');
  return `SELECT ${columns} FROM ${source(tier)}/.*/ WHERE ${where} GROUP BY "channel", "device"`;
}

/** The series of a device: one key each, such as `raw,channel=a\\ b,device=d1`. */
export function seriesQl(device: string): string {
  return `SHOW SERIES WHERE "device" = ${stringLiteral(device)}`;
}

/** Metric and channel of a series key; undefined for one that is not ours. */
export function seriesOfKey(key: string): SeriesName | undefined {
  const [, metric = '', channel = ''] = /^([^,]+)(?:,channel=((?:\\.|[^\\,])*))?,device=/.exec(key) ?? [];
  return isMetricName(metric) ? { metric, channel: channel.replace(/\\(.)/g, '$1') } : undefined;
}

function matching(source: string, { metric, device, channel }: Named, span: Span, more?: string): string {
  const all = conditions(span, device);
  // A tag that a point does not have equals the empty string.
  if (channel !== undefined) all.push(`"channel" = ${stringLiteral(channel)}`);
  if (more !== undefined) all.push(more);
  return `FROM ${source}${identifier(metric)} WHERE ${all.join(' AND ')}`;
}

function conditions({ fromMs, toMs }: Span, device?: string): string[] {
  const span = [`time >= ${fromMs}ms`, `time < ${toMs}ms`];
  return device === undefined ? span : [`"device" = ${stringLiteral(device)}`, ...span];
}

/** The second argument of time() shifts the windows to the plan's origin. */
function windows({ originMs, windowMs }: WindowPlan): string {
  const shift = ((originMs % windowMs) + windowMs) % windowMs;
  return `GROUP BY time(${windowMs}ms, ${shift}ms) fill(none)`;
}

/** InfluxQL reference, "Literals": a backslash escapes itself, the quote and the newline (as \n). */
function stringLiteral(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`;
}

export function identifier(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
