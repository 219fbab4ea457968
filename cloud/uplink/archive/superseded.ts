import { type Kysely, sql } from 'kysely';
import type { Schema } from '../../records/index.ts';
import { dayOf, framesIn, isObjectName, parseLines } from './frames.ts';
import { KeptForGood, NotThere, type Objects } from './objects.ts';

/** How long an object stays that no row names any more. */
const GRACE_MS = 7 * 24 * 60 * 60 * 1000;

export interface Swept {
  readonly day: string;
  deleted: number;
  /** Hold what is not packed, or cannot be read. */
  doubtful: number;
  /** May not be deleted here, as far as was asked; with the words of the place. */
  kept: number;
  keptWhy?: string;
}

interface Source {
  readonly db: Kysely<Schema>;
  readonly objects: Objects;
}

/**
 * Deletes of one day's objects those that no row names, when nothing of it has changed for the time of grace. Each is
 * opened before: only when all that it holds is packed by now it goes. So nothing goes that is just being written,
 * whatever the clocks say, nor what a database that was brought back from a copy does not know. Undefined: no day is due.
 * Ends early when it is aborted.
 */
export async function sweepOnce(
  source: Source,
  nowMs: number,
  signal: AbortSignal,
): Promise<Swept | undefined> {
  const { db, objects } = source;
  const claimed = await claimDay(db, nowMs);
  if (claimed === undefined) return undefined;
  const { day, changed_at_ms } = claimed;
  const swept: Swept = { day, deleted: 0, doubtful: 0, kept: 0 };
  for await (const page of objects.list(day)) {
    const names = await unnamed(db, page.filter(isObjectName));
    for (let at = 0; at < names.length; at += AT_ONCE)
      await removeSome(source, names.slice(at, at + AT_ONCE), swept);
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

/** Each is in memory while it is looked through. */
const AT_ONCE = 4;

async function removeSome({ db, objects }: Source, names: readonly string[], swept: Swept): Promise<void> {
  const found = await Promise.all(names.map((name) => isPacked({ db, objects }, name)));
  swept.doubtful += found.filter((packed) => packed === false).length;
  // Asked once more: what was packed until now is named by now.
  const packed = await unnamed(
    db,
    names.filter((_, index) => found[index] === true),
  );
  await Promise.all(packed.map((name) => remove(objects, name, swept)));
}

/** Whether each entry in it is one of those that lie packed; undefined when it is gone. */
async function isPacked({ db, objects }: Source, name: string): Promise<boolean | undefined> {
  const object = await objects.getAll(name).catch((error: unknown) => {
    if (error instanceof NotThere) return undefined;
    throw error;
  });
  if (object === undefined) return undefined;
  const newest = await newestIn(object);
  if (newest === undefined) return false;
  const heads = await db
    .selectFrom('entry_heads')
    .select(['gateway_id', 'packed_up_to'])
    .where('gateway_id', 'in', [...newest.keys()])
    .execute();
  const upTo = new Map(heads.map(({ gateway_id, packed_up_to }) => [gateway_id, packed_up_to]));
  return [...newest].every(([gateway, number]) => number <= (upTo.get(gateway) ?? 0));
}

/** Each gateway's highest number; undefined when it cannot be read or holds nothing. */
async function newestIn(object: Uint8Array): Promise<ReadonlyMap<string, number> | undefined> {
  const newest = new Map<string, number>();
  try {
    for await (const lines of framesIn(object))
      for (const { gateway, entry } of await parseLines(lines))
        newest.set(gateway, Math.max(entry.number, newest.get(gateway) ?? 0));
  } catch {
    return undefined;
  }
  return newest.size === 0 ? undefined : newest;
}

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
