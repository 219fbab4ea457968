import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import {
  changeSpan,
  joined,
  type NewState,
  piecesOf,
  rangeStates,
  type Span,
  type StampState,
  type StateSpan,
  withdrawn,
} from './life.ts';

/** Has the chain told, in the caller's transaction, that stamps or a lot do not count any more. */
export type QueueRevocation = (
  db: Kysely<Schema>,
  what: { readonly refKind: 'stamp_batch' | 'lot'; readonly refId: string; readonly range?: Span },
) => Promise<void>;

export interface LifeOptions {
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  readonly queueRevocation: QueueRevocation;
}

export interface ChangeOrder extends Span {
  readonly batchNumber: number;
  readonly state: NewState;
  readonly reason: string;
  readonly by: string;
}

export type ChangeResult =
  | { readonly ok: true; readonly changed: readonly Span[] }
  | { readonly ok: false; readonly problem: 'unknown_batch' | 'range' }
  /** Which stamps cannot become this, and what they are; at most 20 spans. */
  | {
      readonly ok: false;
      readonly problem: 'state';
      readonly refused: readonly (Span & { state: StampState })[];
    };

type StateCounts = Readonly<Record<StampState, number>>;

/** One span of a roll, as it was last changed; what was only issued has no change. */
interface ToldSpan extends StateSpan {
  readonly changedBy?: string;
  readonly changedAtMs?: number;
  readonly reason?: string;
}

export interface StampLife {
  /** All of a range or nothing of it. */
  change(order: ChangeOrder): Promise<ChangeResult>;
  /** Every batch of a lot, and the lot itself; stamps are issued for it no more. False: no such lot. */
  recallLot(order: { lotNumber: string; reason: string; by: string }): Promise<boolean>;
  /** Undefined: no such batch, or the roll is not within it. */
  roll(batchNumber: number, roll: Partial<Span>): Promise<Roll | undefined>;
}

interface Roll extends Span {
  /** They add up to `to - from + 1`. */
  readonly counts: StateCounts;
  readonly spans: readonly ToldSpan[];
  /** There are more spans than fit into one answer: ask for the roll from this index on. */
  readonly nextFrom?: number;
}

/** Of one batch at most in one answer. */
const MOST_SPANS = 1_000;
const MOST_REFUSED = 20;
/** A statement of PostgreSQL has at most 65,535 parameters; a row of a range takes five. */
const RANGES_AT_ONCE = 5_000;

export function createLife(options: LifeOptions): StampLife {
  const { db } = options;
  return {
    change: (order) => db.transaction().execute((transaction) => changeIn(transaction, options, order)),
    recallLot: (order) => db.transaction().execute((transaction) => recallLot(transaction, options, order)),
    roll: (batchNumber, roll) =>
      db.transaction().execute((transaction) => rollOf(transaction, batchNumber, roll)),
  };
}

/** What one stamp is now. `sinceMs`: of its range's last change, or of its activation; undefined while only issued. */
export async function stateOf(
  db: Kysely<Schema>,
  batchNumber: number,
  index: number,
): Promise<{ readonly state: StampState; readonly sinceMs?: number; readonly activatedAtMs?: number }> {
  const range = await db
    .selectFrom('stamp_ranges')
    .innerJoin('stamp_changes', 'stamp_changes.change_id', 'stamp_ranges.change_id')
    .select(['stamp_ranges.state', 'changed_at_ms'])
    .where('stamp_ranges.batch_number', '=', batchNumber)
    .where('stamp_ranges.first_index', '<=', index)
    .where('stamp_ranges.last_index', '>=', index)
    .executeTakeFirst();
  const activation = await db
    .selectFrom('stamp_activations')
    .select('activated_at_ms')
    .where('batch_number', '=', batchNumber)
    .where('stamp_index', '=', index)
    .executeTakeFirst();
  const activated = activation && { activatedAtMs: activation.activated_at_ms };
  if (range !== undefined && !isInUse(range.state))
    return { state: range.state, sinceMs: range.changed_at_ms, ...activated };
  if (activated !== undefined) return { state: 'activated', sinceMs: activated.activatedAtMs, ...activated };
  return range === undefined ? { state: 'issued' } : { state: range.state, sinceMs: range.changed_at_ms };
}

function isInUse(state: StampState): boolean {
  return state === 'issued' || state === 'printed' || state === 'applied';
}

async function changeIn(
  db: Kysely<Schema>,
  { clock, queueRevocation }: LifeOptions,
  order: ChangeOrder,
): Promise<ChangeResult> {
  const { batchNumber, from, to, state } = order;
  // Held: changes of a batch come one after the other, and its activations before or after.
  const batch = await db
    .selectFrom('stamp_batches')
    .select('stamp_count')
    .where('batch_number', '=', batchNumber)
    .forUpdate()
    .executeTakeFirst();
  if (batch === undefined) return { ok: false, problem: 'unknown_batch' };
  if (from > to || from < 0 || to >= batch.stamp_count) return { ok: false, problem: 'range' };
  const touched = await touchedBy(db, batchNumber, order);
  const change = changeSpan(touched, order, state);
  if (!change.ok) return { ok: false, problem: 'state', refused: change.refused.slice(0, MOST_REFUSED) };
  const used = state === 'spoiled' ? await activatedIn(db, batchNumber, order) : [];
  if (used.length > 0) {
    const refused = joined(used).map((span) => ({ ...span, state: 'activated' as const }));
    return { ok: false, problem: 'state', refused };
  }
  const changed = joined(change.changed);
  if (changed.length === 0) return { ok: true, changed };
  const { change_id } = await db
    .insertInto('stamp_changes')
    .values({
      ...{ batch_number: batchNumber, first_index: from, last_index: to, state, reason: order.reason },
      ...{ changed_by: order.by, changed_at_ms: clock.nowMs() },
    })
    .returning('change_id')
    .executeTakeFirstOrThrow();
  await replaceRanges(db, batchNumber, touched, [
    ...change.rest,
    ...changed.map((span) => ({ ...span, state, changeId: change_id })),
  ]);
  if (!withdrawn.includes(state)) return { ok: true, changed };
  // A recall of what was voided has been told before; a whole batch is told as one, whatever of it was told before.
  const isWhole = from === 0 && to === batch.stamp_count - 1;
  const pieces = joined(change.changed.filter((piece) => piece.state !== 'voided'));
  const news = isWhole && pieces.length > 0 ? [{ from, to }] : pieces;
  for (const range of news)
    await queueRevocation(db, { refKind: 'stamp_batch', refId: String(batchNumber), range });
  return { ok: true, changed };
}

async function recallLot(
  db: Kysely<Schema>,
  options: LifeOptions,
  { lotNumber, reason, by }: { lotNumber: string; reason: string; by: string },
): Promise<boolean> {
  // Held: a batch that is being issued for it is written before, or finds the recall.
  const lot = await db
    .selectFrom('lots')
    .select('lot_number')
    .where('lot_number', '=', lotNumber)
    .forUpdate()
    .executeTakeFirst();
  if (lot === undefined) return false;
  const recall = await db
    .insertInto('lot_recalls')
    .values({ lot_number: lotNumber, reason, recalled_by: by, recalled_at_ms: options.clock.nowMs() })
    .onConflict((conflict) => conflict.doNothing())
    .returning('lot_number')
    .executeTakeFirst();
  if (recall !== undefined) await options.queueRevocation(db, { refKind: 'lot', refId: lotNumber });
  const batches = await db
    .selectFrom('stamp_batches')
    .select(['batch_number', 'stamp_count'])
    .where('lot_number', '=', lotNumber)
    .orderBy('batch_number')
    .execute();
  for (const { batch_number: batchNumber, stamp_count } of batches) {
    const span = { from: 0, to: stamp_count - 1 };
    await changeIn(db, options, { batchNumber, ...span, state: 'recalled', reason, by });
  }
  return true;
}

async function rollOf(db: Kysely<Schema>, batchNumber: number, roll: Partial<Span>) {
  const batch = await db
    .selectFrom('stamp_batches')
    .select('stamp_count')
    .where('batch_number', '=', batchNumber)
    // Shared: the ranges and the activations are of one moment.
    .forShare()
    .executeTakeFirst();
  const span = { from: roll.from ?? 0, to: roll.to ?? (batch?.stamp_count ?? 0) - 1 };
  if (batch === undefined || span.from > span.to || span.to >= batch.stamp_count) return undefined;
  const touched = await touchedBy(db, batchNumber, span);
  const counts: Record<StampState, number> = {
    ...(Object.fromEntries(rangeStates.map((state) => [state, 0])) as Record<StampState, number>),
    activated: 0,
  };
  for (const { from, to, state } of piecesOf(touched, span)) counts[state] += to - from + 1;
  for (const { state, count } of await activatedByState(db, batchNumber, span)) {
    if (!isInUse(state)) continue;
    counts[state] -= count;
    counts.activated += count;
  }
  const spans = await toldSpans(db, batchNumber, span);
  const [next] = spans.splice(MOST_SPANS);
  return { ...span, counts, spans, ...(next && { nextFrom: next.from }) };
}

interface KeptSpan extends Span {
  readonly state: NewState;
  readonly changeId: number;
}

async function touchedBy(db: Kysely<Schema>, batchNumber: number, { from, to }: Span): Promise<KeptSpan[]> {
  const rows = await db
    .selectFrom('stamp_ranges')
    .selectAll()
    .where('batch_number', '=', batchNumber)
    .where('first_index', '<=', to)
    .where('last_index', '>=', from)
    .orderBy('first_index')
    .execute();
  return rows.map((row) => ({
    from: row.first_index,
    to: row.last_index,
    state: row.state,
    changeId: row.change_id,
  }));
}

async function replaceRanges(
  db: Kysely<Schema>,
  batchNumber: number,
  before: readonly KeptSpan[],
  after: readonly KeptSpan[],
): Promise<void> {
  const [first, last] = [before.at(0), before.at(-1)];
  // Ranges are disjoint, so between the first one touched and the last one there are no others.
  if (first !== undefined && last !== undefined)
    await db
      .deleteFrom('stamp_ranges')
      .where('batch_number', '=', batchNumber)
      .where('first_index', '>=', first.from)
      .where('first_index', '<=', last.from)
      .execute();
  for (let at = 0; at < after.length; at += RANGES_AT_ONCE) {
    const rows = after.slice(at, at + RANGES_AT_ONCE).map(({ from, to, state, changeId }) => ({
      ...{ batch_number: batchNumber, first_index: from, last_index: to, state, change_id: changeId },
    }));
    await db.insertInto('stamp_ranges').values(rows).execute();
  }
}

/** The first stamps of a span whose PIN was used. */
async function activatedIn(db: Kysely<Schema>, batchNumber: number, { from, to }: Span): Promise<Span[]> {
  const rows = await db
    .selectFrom('stamp_activations')
    .select('stamp_index')
    .where('batch_number', '=', batchNumber)
    .where('stamp_index', '>=', from)
    .where('stamp_index', '<=', to)
    .orderBy('stamp_index')
    .limit(MOST_REFUSED)
    .execute();
  return rows.map(({ stamp_index }) => ({ from: stamp_index, to: stamp_index }));
}

async function activatedByState(
  db: Kysely<Schema>,
  batchNumber: number,
  { from, to }: Span,
): Promise<{ state: StateSpan['state']; count: number }[]> {
  const rows = await db
    .selectFrom('stamp_activations as a')
    .leftJoin('stamp_ranges as r', (join) =>
      join
        .onRef('r.batch_number', '=', 'a.batch_number')
        .onRef('r.first_index', '<=', 'a.stamp_index')
        .onRef('r.last_index', '>=', 'a.stamp_index'),
    )
    .select((eb) => ['r.state', eb.fn.countAll<number>().as('count')])
    .where('a.batch_number', '=', batchNumber)
    .where('a.stamp_index', '>=', from)
    .where('a.stamp_index', '<=', to)
    .groupBy('r.state')
    .execute();
  return rows.map(({ state, count }) => ({ state: state ?? 'issued', count: Number(count) }));
}

async function toldSpans(db: Kysely<Schema>, batchNumber: number, span: Span): Promise<ToldSpan[]> {
  const rows = await db
    .selectFrom('stamp_ranges as r')
    .innerJoin('stamp_changes as c', 'c.change_id', 'r.change_id')
    .select(['r.first_index', 'r.last_index', 'r.state', 'c.changed_by', 'c.changed_at_ms', 'c.reason'])
    .where('r.batch_number', '=', batchNumber)
    .where('r.first_index', '<=', span.to)
    .where('r.last_index', '>=', span.from)
    .orderBy('r.first_index')
    .limit(MOST_SPANS + 1)
    .execute();
  return rows.map((row) => ({
    from: Math.max(row.first_index, span.from),
    to: Math.min(row.last_index, span.to),
    state: row.state,
    changedBy: row.changed_by,
    changedAtMs: row.changed_at_ms,
    reason: row.reason,
  }));
}
