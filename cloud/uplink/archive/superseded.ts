import { type Kysely, sql } from 'kysely';
import type { Schema } from '../../records/index.ts';
import { dayOf, isObjectName } from './frames.ts';
import { KeptForGood, type Objects } from './objects.ts';

/** How long an object stays that no row names any more. */
const GRACE_MS = 7 * 24 * 60 * 60 * 1000;

export interface Swept {
  readonly day: string;
  deleted: number;
  /** May not be deleted here, as far as was asked; with the words of the place. */
  kept: number;
  keptWhy?: string;
}

/**
 * Deletes of one day's objects those that no row names, when nothing of it has changed for the time of grace. An
 * object's name tells the day on which it was written: one that is just being written, and named a moment later, is
 * never looked at. Undefined: no day is due. Ends after a page of names when it is aborted.
 */
export async function sweepOnce(
  { db, objects }: { readonly db: Kysely<Schema>; readonly objects: Objects },
  nowMs: number,
  signal: AbortSignal,
): Promise<Swept | undefined> {
  const claimed = await claimDay(db, nowMs);
  if (claimed === undefined) return undefined;
  const { day, changed_at_ms } = claimed;
  const swept: Swept = { day, deleted: 0, kept: 0 };
  for await (const page of objects.list(day)) {
    const names = await unnamed(db, page.filter(isObjectName));
    for (let at = 0; at < names.length; at += DELETED_AT_ONCE)
      await Promise.all(names.slice(at, at + DELETED_AT_ONCE).map((name) => remove(objects, name, swept)));
    // Left to who claims the day next.
    if (signal.aborted) return swept;
    // Where nothing may be deleted, nobody asks for a hundred thousand more.
    if (swept.kept > 0 && swept.deleted === 0) break;
  }
  await db
    .deleteFrom('superseded_days')
    .where('day', '=', day)
    .where('changed_at_ms', '=', changed_at_ms)
    .execute();
  return swept;
}

/** If we die over it, another goes on an hour later. */
const CLAIM_MS = 60 * 60 * 1000;

async function claimDay(db: Kysely<Schema>, nowMs: number) {
  const before = Math.trunc(nowMs) - GRACE_MS;
  const { rows } = await sql<{ day: string; changed_at_ms: number }>`
    update superseded_days set claimed_until_ms = ${Math.trunc(nowMs) + CLAIM_MS}
    where day = (
      select day from superseded_days
      where day < ${dayOf(before)} and changed_at_ms <= ${before} and claimed_until_ms <= ${Math.trunc(nowMs)}
      order by day limit 1 for update skip locked
    )
    returning day, changed_at_ms`.execute(db);
  return rows[0];
}

async function unnamed(db: Kysely<Schema>, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await db
    .selectFrom('entry_batches')
    .select('object')
    .distinct()
    .where('object', 'in', names)
    .execute();
  const named = new Set(rows.map(({ object }) => object));
  return names.filter((name) => !named.has(name));
}

const DELETED_AT_ONCE = 16;

async function remove(objects: Objects, name: string, swept: Swept): Promise<void> {
  try {
    await objects.delete(name);
    swept.deleted += 1;
  } catch (error) {
    if (!(error instanceof KeptForGood)) throw error;
    swept.kept += 1;
    swept.keptWhy = error.message;
  }
}
