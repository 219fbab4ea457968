import type { InfluxDoor, InfluxTable } from './influx-door.ts';
import { badQl, joinedQl, joinedRollupQl, readingsQl, rowsQl, seriesOfKey, seriesQl } from './influxql.ts';
import { type PlanPart, planQuery, type ReadingsPlan, type WindowPlan } from './plan.ts';
import { pointsOf, type SeriesWindow, windowAt } from './points.ts';
import { summaryOf } from './rollup-line.ts';
import type { SeriesName, SeriesPoint, SeriesQuery, TierMarks } from './store.ts';
import { merge, type Summary, withReading } from './summary.ts';

/** Statements in one request: they travel in its address. */
const STATEMENTS_A_REQUEST = 16;
/** Rows of one channel in one answer: a device that measures each second has 30 million a year. */
const ROWS_A_PAGE = 10_000;

/** Answers queries by InfluxQL. */
export class InfluxReads {
  readonly #door: InfluxDoor;

  constructor(door: InfluxDoor) {
    this.#door = door;
  }

  async query(query: SeriesQuery, marks: TierMarks): Promise<SeriesPoint[]> {
    const plan = planQuery(query, marks);
    if (plan.aggregate === 'raw') return this.#readings(query, plan);
    const found = await Promise.all(
      plan.parts.map((part) => {
        if (plan.aggregate === 'increase') return this.#folded(query, part, plan);
        return part.tier === 'raw' ? this.#joined(query, part, plan) : this.#joinedRollup(query, part, plan);
      }),
    );
    return pointsOf(plan, found);
  }

  async seriesOf(device: string): Promise<SeriesName[]> {
    const [tables = []] = await this.#door.ask('raw', [seriesQl(device)]);
    return rowsOf(tables)
      .map(([key]) => seriesOfKey(String(key)))
      .filter((name) => name !== undefined);
  }

  async #readings(query: SeriesQuery, plan: ReadingsPlan): Promise<SeriesPoint[]> {
    const { source } = this.#door;
    const [tables = []] = await this.#door.ask('raw', [readingsQl(source, query, plan, plan.limit)]);
    return rowsOf(tables)
      .map(([atMs, value, bits]) => ({
        atMs: Number(atMs),
        value: Number(value),
        quality: Number(bits ?? 0),
      }))
      .reverse();
  }

  /** The server joins; windows that hold both what can be believed and what cannot are joined here, from their rows. */
  async #joined(query: SeriesQuery, part: PlanPart, plan: WindowPlan): Promise<SeriesWindow[]> {
    const { source } = this.#door;
    const statements = [joinedQl(source, query, part, plan), badQl(source, query, part, plan)];
    const [joined = [], bad = []] = await this.#door.ask('raw', statements);
    const badIn = new Map(rowsOf(bad).map(([atMs, count]) => [Number(atMs), Number(count)]));
    const windows: SeriesWindow[] = [];
    const mixed: PlanPart[] = [];
    for (const { atMs, summary } of windowsOf(joined, 1)) {
      const flagged = badIn.get(atMs) ?? 0;
      const count = summary.count - flagged;
      if (flagged === 0 || count === 0)
        windows.push({ atMs, series: '', summary: { ...summary, count, flagged } });
      else mixed.push(spanOf(plan, part, atMs));
    }
    for (let at = 0; at < mixed.length; at += STATEMENTS_A_REQUEST) {
      const some = mixed.slice(at, at + STATEMENTS_A_REQUEST);
      const answers = await this.#door.ask(
        'raw',
        some.map((span) => rowsQl(source, 'raw', query, span, ROWS_A_PAGE)),
      );
      for (const [index, span] of some.entries()) {
        const tables = answers[index] ?? [];
        const isWhole = pageEnd(tables, span) === span.toMs;
        windows.push(...(isWhole ? foldRows(tables, span, plan) : await this.#folded(query, span, plan)));
      }
    }
    return windows;
  }

  /** Mostly every row can be believed, and one statement without a condition is much cheaper than two with one. */
  async #joinedRollup(query: SeriesQuery, part: PlanPart, plan: WindowPlan): Promise<SeriesWindow[]> {
    const statement = (rows: 'all' | 'believed' | 'others') =>
      joinedRollupQl(this.#door.source, query, part, plan, rows);
    const [all = []] = await this.#door.ask(part.tier, [statement('all')]);
    const hasOthers = all.some(({ columns, values }) => {
      const unbelieved = columns.indexOf('unbelieved');
      return values.some((row) => row[unbelieved] === 1);
    });
    if (!hasOthers) return windowsOf(all, 1);
    const apart = await this.#door.ask(part.tier, [statement('believed'), statement('others')]);
    return [...windowsOf(apart[0] ?? [], 1), ...windowsOf(apart[1] ?? [], 0)];
  }

  /** Row by row, because a counter's gain is in the steps between them; and page by page, for there may be many. */
  async #folded(query: SeriesQuery, part: PlanPart, plan: WindowPlan): Promise<SeriesWindow[]> {
    const windows: SeriesWindow[] = [];
    for (let rest = part; rest.fromMs < part.toMs; ) {
      const statement = rowsQl(this.#door.source, part.tier, query, rest, ROWS_A_PAGE);
      const [tables = []] = await this.#door.ask(part.tier, [statement]);
      const toMs = pageEnd(tables, rest);
      windows.push(...foldRows(tables, { ...rest, toMs }, plan));
      rest = { ...rest, fromMs: toMs };
    }
    return windows;
  }
}

/** Up to where an answer is whole: each channel that was cut off may have more rows in its last millisecond. */
function pageEnd(tables: readonly InfluxTable[], { fromMs, toMs }: PlanPart): number {
  const cut = tables.filter(({ values }) => values.length >= ROWS_A_PAGE);
  const ends = cut.map(({ values }) => Math.max(Number(values.at(-1)?.[0]), fromMs + 1));
  return Math.min(toMs, ...ends);
}

const rowsOf = (tables: readonly InfluxTable[]) => tables.flatMap(({ values }) => values);

/** `count` where the aggregate does not need to know it: whether what it speaks of can be believed. */
function windowsOf(tables: readonly InfluxTable[], count: 0 | 1): SeriesWindow[] {
  return tables.flatMap(({ columns, values }) =>
    values.map((row) => {
      const atMs = Number(row[0]);
      const summary = { ...summaryOf(columns, row), firstMs: atMs, lastMs: atMs };
      const counted = columns.includes('count') ? summary : { ...summary, count };
      return { atMs, series: '', summary: counted };
    }),
  );
}

/** A window of the plan, as far as it lies in this part. */
function spanOf({ windowMs }: WindowPlan, part: PlanPart, atMs: number): PlanPart {
  return { ...part, fromMs: Math.max(atMs, part.fromMs), toMs: Math.min(atMs + windowMs, part.toMs) };
}

/** The rows of a part before its end, in the plan's windows. */
function foldRows(tables: readonly InfluxTable[], part: PlanPart, plan: WindowPlan): SeriesWindow[] {
  return tables.flatMap(({ tags, columns, values }) => {
    const rows = values.filter(([at]) => Number(at) < part.toMs);
    const series = plan.aggregate === 'increase' ? (tags?.channel ?? '') : '';
    return fold(
      plan,
      series,
      rows.map((row) => {
        const [at, value, bits] = row;
        const atMs = Number(at);
        if (part.tier !== 'raw') return [atMs, summaryOf(columns, row)];
        return [atMs, withReading(undefined, Number(value), Number(bits ?? 0), atMs)];
      }),
    );
  });
}

function fold(
  plan: WindowPlan,
  series: string,
  rows: readonly (readonly [startMs: number, Summary])[],
): SeriesWindow[] {
  const windows = new Map<number, Summary>();
  for (const [startMs, summary] of rows) {
    const atMs = windowAt(plan, startMs);
    const before = windows.get(atMs);
    windows.set(atMs, before === undefined ? summary : merge(before, summary));
  }
  return [...windows].map(([atMs, summary]) => ({ atMs, series, summary }));
}
