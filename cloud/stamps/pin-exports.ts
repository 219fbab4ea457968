import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../records/index.ts';
import { printedUrl } from './links.ts';
import type { Stamps } from './stamps.ts';

export type PinExport = Selectable<Schema['pin_exports']>;
/** ready: may be fetched, once. waits: a second manager has to agree. taken: it was fetched. */
export type PinExportState = 'ready' | 'waits' | 'taken';

export interface PinExportOrder {
  readonly batchNumber: number;
  /** First and last index, both included. */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly by: string;
  readonly nowMs: number;
}

export const LARGEST_EXPORT = 100_000;

/** Why not, in a word; a sentence each in pin-routes.ts. */
export type PinExportRefusal =
  | 'unknown_batch'
  | 'range'
  | 'too_many'
  | 'unknown_export'
  | 'own_request'
  | 'not_yours'
  | 'waits'
  | 'taken'
  | 'nothing_to_approve';

type Outcome =
  | { readonly ok: true; readonly row: PinExport }
  | { readonly ok: false; readonly problem: PinExportRefusal };

const no = (problem: PinExportRefusal): Outcome => ({ ok: false, problem });

/**
 * Asks for the PINs of a range. Whoever asks first for a range may fetch it; one that touches a range asked for before waits
 * for a second manager. The same order again, while it was not fetched, is the same request.
 */
export function requestExport(db: Kysely<Schema>, order: PinExportOrder): Promise<Outcome> {
  return db.transaction().execute(async (transaction) => {
    // Held: of two requests at once, the second one sees the first.
    const batch = await transaction
      .selectFrom('stamp_batches')
      .select('stamp_count')
      .where('batch_number', '=', order.batchNumber)
      .forUpdate()
      .executeTakeFirst();
    if (batch === undefined) return no('unknown_batch');
    if (order.from > order.to || order.to >= batch.stamp_count) return no('range');
    if (order.to - order.from >= LARGEST_EXPORT) return no('too_many');
    const touching = await transaction
      .selectFrom('pin_exports')
      .selectAll()
      .where('batch_number', '=', order.batchNumber)
      .where('first_index', '<=', order.to)
      .where('last_index', '>=', order.from)
      .execute();
    const same = touching.find((row) => row.taken_at_ms === null && isSame(row, order));
    if (same !== undefined) return { ok: true, row: same };
    const row = await transaction
      .insertInto('pin_exports')
      .values({
        batch_number: order.batchNumber,
        first_index: order.from,
        last_index: order.to,
        reason: order.reason,
        needs_approval: touching.length > 0,
        requested_by: order.by,
        requested_at_ms: order.nowMs,
        approved_by: null,
        approved_at_ms: null,
        taken_at_ms: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { ok: true, row };
  });
}

/** Another manager agrees that a range is exported again. */
export function approveExport(
  db: Kysely<Schema>,
  exportId: number,
  by: string,
  nowMs: number,
): Promise<Outcome> {
  return change(db, exportId, async (row) => {
    if (exportStateOf(row) !== 'waits') return 'nothing_to_approve';
    if (sameAccount(row.requested_by, by)) return 'own_request';
    return { approved_by: by, approved_at_ms: nowMs };
  });
}

/**
 * Marks it as fetched before anything of it leaves: a file that got lost on the way needs a new request. One that was asked for
 * first and is fetched after another of its range waits for a second manager like any later one.
 */
export function takeExport(
  db: Kysely<Schema>,
  exportId: number,
  by: string,
  nowMs: number,
): Promise<Outcome> {
  return change(db, exportId, async (row, transaction) => {
    const state = exportStateOf(row);
    if (state !== 'ready') return state;
    if (!sameAccount(row.requested_by, by)) return 'not_yours';
    const isAgain = row.approved_at_ms === null && (await hasLeft(transaction, row));
    return isAgain ? { needs_approval: true } : { taken_at_ms: nowMs };
  }).then((outcome) => (outcome.ok && outcome.row.taken_at_ms === null ? no('waits') : outcome));
}

/** Whether PINs of its range were fetched. */
async function hasLeft(db: Kysely<Schema>, row: PinExport): Promise<boolean> {
  // Held: of two that are fetched at once, the second one sees the first.
  await db
    .selectFrom('stamp_batches')
    .select('batch_number')
    .where('batch_number', '=', row.batch_number)
    .forUpdate()
    .execute();
  const other = await db
    .selectFrom('pin_exports')
    .select('export_id')
    .where('batch_number', '=', row.batch_number)
    .where('first_index', '<=', row.last_index)
    .where('last_index', '>=', row.first_index)
    .where('taken_at_ms', 'is not', null)
    .executeTakeFirst();
  return other !== undefined;
}

export function readExport(db: Kysely<Schema>, exportId: number): Promise<PinExport | undefined> {
  return db.selectFrom('pin_exports').selectAll().where('export_id', '=', exportId).executeTakeFirst();
}

export function listExports(db: Kysely<Schema>, limit: number): Promise<PinExport[]> {
  return db.selectFrom('pin_exports').selectAll().orderBy('export_id', 'desc').limit(limit).execute();
}

export function exportStateOf(row: PinExport): PinExportState {
  if (row.taken_at_ms !== null) return 'taken';
  return row.needs_approval && row.approved_at_ms === null ? 'waits' : 'ready';
}

/** CSV for a printing house (RFC 4180): index, serial, link as printed, PIN. Nothing in it needs quotes. */
export async function* pinFile(stamps: Stamps, row: PinExport, publicUrl: string): AsyncGenerator<string> {
  yield 'index,serial,link,pin\r\n';
  const rowsAtOnce = 500;
  for (let from = row.first_index; from <= row.last_index; from += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, row.last_index + 1 - from);
    const listed = await stamps.listPins(row.batch_number, from, count);
    if (listed === undefined) throw new Error(`batch ${row.batch_number} is not there any more`);
    const { gtin14 } = listed;
    yield listed.stamps
      .map(
        ({ index, serial, pin }) => `${index},${serial},${printedUrl(publicUrl, gtin14, serial)},${pin}\r\n`,
      )
      .join('');
    // Making them is computing alone: others have their turn in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function change(
  db: Kysely<Schema>,
  exportId: number,
  decide: (row: PinExport, transaction: Kysely<Schema>) => Promise<Partial<PinExport> | PinExportRefusal>,
): Promise<Outcome> {
  return db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom('pin_exports')
      .selectAll()
      .where('export_id', '=', exportId)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return no('unknown_export');
    const decided = await decide(row, transaction);
    if (typeof decided === 'string') return no(decided);
    await transaction.updateTable('pin_exports').set(decided).where('export_id', '=', exportId).execute();
    return { ok: true, row: { ...row, ...decided } };
  });
}

function isSame(row: PinExport, { from, to, by }: PinExportOrder): boolean {
  return row.first_index === from && row.last_index === to && sameAccount(row.requested_by, by);
}

function sameAccount(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
