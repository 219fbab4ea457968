import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { type PlanPart, planQuery, type ReadingsPlan, type WindowPlan } from './plan.ts';
import { pointsOf, type SeriesWindow, windowAt } from './points.ts';
import type { RecentRows } from './sqlite-recent.ts';
import { TABLES } from './sqlite-schema.ts';
import { type Span, SummaryRows } from './sqlite-summaries.ts';
import type { SeriesPoint, SeriesQuery, Tier, TierMarks } from './store.ts';
import { merge, type Summary, UNBELIEVABLE } from './summary.ts';

const BAD_READING = `quality & ${UNBELIEVABLE} <> 0`;

/** Of the rows of a window together; `bad` of its `total` rows say nothing that can be believed. */
const COUNTED: Record<Tier, string> = {
  raw: `COUNT(*) AS total, TOTAL(${BAD_READING}) AS bad, COUNT(*) AS count, TOTAL(${BAD_READING}) AS flagged`,
  '5m': 'COUNT(*) AS total, TOTAL(count = 0) AS bad, SUM(count) AS count, SUM(flagged) AS flagged',
  '1d': 'COUNT(*) AS total, TOTAL(count = 0) AS bad, SUM(count) AS count, SUM(flagged) AS flagged',
};

/** Only what is asked for: a chart is made of tens of thousands of rows. */
function joinedColumns(tier: Tier, aggregate: WindowPlan['aggregate']): string {
  const column = (name: string) => (tier === 'raw' ? 'value' : name);
  const wanted = {
    ...{ mean: `SUM(${column('sum')}) AS sum`, sum: `SUM(${column('sum')}) AS sum` },
    ...{ min: `MIN(${column('min')}) AS min`, max: `MAX(${column('max')}) AS max` },
    ...{ last: '0 AS last', increase: '0 AS last' },
  }[aggregate];
  return `${COUNTED[tier]}, ${wanted}, MAX(quality) AS quality`;
}

const BELIEVED: Record<Tier, string> = { raw: `NOT (${BAD_READING})`, '5m': 'count > 0', '1d': 'count > 0' };
const NEWEST: Record<Tier, string> = {
  raw: 'value AS last, time_ns / 1000000 AS lastMs',
  '5m': 'last, last_ms AS lastMs',
  '1d': 'last, last_ms AS lastMs',
};

interface JoinedRow {
  readonly total: number;
  readonly bad: number;
  readonly count: number;
  readonly flagged: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly quality: number;
}

interface Source {
  readonly tier: Tier;
  /** The tier's own, or its view that holds the recent rows as well. */
  readonly table: string;
}

/** Answers queries from the series tables. Synchronous: meant for a worker thread. */
export class SeriesReads {
  readonly #database: DatabaseSync;
  readonly #recent: RecentRows;
  readonly #rows: SummaryRows;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, recent: RecentRows) {
    this.#database = database;
    this.#recent = recent;
    this.#rows = new SummaryRows(database, recent);
  }

  query(query: SeriesQuery, marks: TierMarks): SeriesPoint[] {
    const plan = planQuery(query, marks);
    const ids = this.#idsOf(query);
    if (plan.aggregate === 'raw') return this.#readings(ids, plan);
    const found = plan.parts.map((part) =>
      ids.flatMap((id) =>
        plan.aggregate === 'increase' ? this.#folded(id, part, plan) : this.#joined(id, part, plan),
      ),
    );
    return pointsOf(plan, found);
  }

  #idsOf({ metric, device, channel }: SeriesQuery): number[] {
    const rows = this.#statement(
      'SELECT id FROM series WHERE metric = ?1 AND device = ?2 AND (?3 IS NULL OR channel = ?3)',
    ).all(metric, device, channel ?? null);
    return rows.map((row) => Number(row.id));
  }

  #readings(ids: readonly number[], { fromMs, toMs, limit }: ReadingsPlan): SeriesPoint[] {
    // Named in the statement, because ids are numbers of ours and there may be many.
    const newest = (table: string) =>
      `SELECT * FROM (SELECT time_ns, value, quality FROM ${table}
       WHERE series_id IN (${ids.join(', ')}) AND time_ns >= ?1 AND time_ns < ?2 ORDER BY time_ns DESC LIMIT ?3)`;
    const rows = this.#database
      .prepare(
        `SELECT time_ns / 1000000 AS atMs, value, quality
         FROM (${newest('points')} UNION ALL ${newest('recent_points')}) ORDER BY time_ns DESC LIMIT ?3`,
      )
      .all(nanoseconds(fromMs), nanoseconds(toMs), limit);
    return (rows as unknown as SeriesPoint[]).reverse();
  }

  /** Window by window: each is one walk along the key, and nothing has to be sorted. */
  #joined(id: number, part: PlanPart, plan: WindowPlan): SeriesWindow[] {
    const windows: SeriesWindow[] = [];
    const { unitsPerMs } = TABLES[part.tier];
    const tableOf = this.#recent.tables(part.tier, id);
    for (let atMs = windowAt(plan, part.fromMs); atMs < part.toMs; atMs += plan.windowMs) {
      const from = BigInt(Math.max(atMs, part.fromMs)) * unitsPerMs;
      const to = BigInt(Math.min(atMs + plan.windowMs, part.toMs)) * unitsPerMs;
      const summary = this.#window(
        [id, from, to],
        { tier: part.tier, table: tableOf(from, to) },
        plan.aggregate,
      );
      if (summary !== undefined) windows.push({ atMs, series: '', summary });
    }
    return windows;
  }

  #window(span: Span, source: Source, aggregate: WindowPlan['aggregate']): Summary | undefined {
    const { tier } = source;
    const columns = joinedColumns(tier, aggregate);
    const all = this.#one<JoinedRow>(source, columns, '', span);
    if (all === undefined || all.total === 0) return undefined;
    const isMixed = all.bad > 0 && all.bad < all.total;
    const believed = all.bad < all.total ? `AND ${BELIEVED[tier]}` : '';
    const row = isMixed ? (this.#one<JoinedRow>(source, columns, believed, span) ?? all) : all;
    const order = `${believed} ORDER BY ${TABLES[tier].time} DESC LIMIT 1`;
    const newest =
      aggregate === 'last'
        ? this.#one<{ last: number; lastMs: number }>(source, NEWEST[tier], order, span)
        : undefined;
    const { last = 0, lastMs = 0 } = newest ?? {};
    return {
      ...{ count: all.bad < all.total ? row.count : 0, flagged: all.flagged, quality: all.quality },
      ...{ sum: row.sum ?? 0, min: row.min ?? 0, max: row.max ?? 0 },
      ...{ first: last, firstMs: lastMs, last, lastMs, increase: 0 },
    };
  }

  /** Row by row, because a counter's gain is in the steps between them. */
  #folded(id: number, part: PlanPart, plan: WindowPlan): SeriesWindow[] {
    const windows = new Map<number, Summary>();
    const { unitsPerMs } = TABLES[part.tier];
    const span: Span = [id, BigInt(part.fromMs) * unitsPerMs, BigInt(part.toMs) * unitsPerMs];
    for (const [startMs, summary] of this.#rows.of(part.tier, span)) {
      const atMs = windowAt(plan, startMs);
      const before = windows.get(atMs);
      windows.set(atMs, before === undefined ? summary : merge(before, summary));
    }
    return [...windows].map(([atMs, summary]) => ({ atMs, series: String(id), summary }));
  }

  #one<Row>({ tier, table }: Source, columns: string, rest: string, span: Span): Row | undefined {
    const { time } = TABLES[tier];
    const values: SQLInputValue[] = span;
    return this.#statement(
      `SELECT ${columns} FROM ${table} WHERE series_id = ? AND ${time} >= ? AND ${time} < ? ${rest}`,
    ).get(...values) as Row | undefined;
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

const nanoseconds = (ms: number): bigint => BigInt(ms) * 1_000_000n;
