import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../../records/index.ts';
import { Overtaken } from '../overtaken.ts';
import { chainOf, frameOfLines } from './frames.ts';
import { NotThere, type Objects } from './objects.ts';
import { BEGINNING, damage, type Link, lastLinkOf, type Verified, verify } from './verified.ts';

/** Old rows of one gateway, one after the other, and the frames that are to stand for them. */
export interface Pack {
  readonly gateway: string;
  /** What was packed before; the first of these rows is the next one. */
  readonly after: number;
  readonly rows: number;
  /** Days of the objects that these rows name. */
  readonly days: ReadonlySet<string>;
  readonly frames: readonly PackedFrame[];
  readonly bytes: number;
  /** Why it ends earlier than it might. */
  readonly problem?: unknown;
}

interface PackedFrame {
  readonly bytes: Uint8Array;
  readonly firstNumber: number;
  readonly lastNumber: number;
  /** The last entry's (frames.ts). */
  readonly chain: Uint8Array;
  readonly receivedAtMs: number;
}

export interface PackSource {
  readonly db: Kysely<Schema>;
  readonly objects: Objects;
  /** Of JSON in a frame: who reads one entry unpacks as much. */
  readonly frameBytes: number;
}

type Row = Selectable<Schema['entry_batches']>;

const ROWS_AT_ONCE = 256;
/** Over a network each takes a while. */
const READ_AT_ONCE = 16;

/**
 * Reads and verifies what came of a gateway before a time, from where packing stands, and makes larger frames of the
 * very same lines, up to about so many bytes of them. Ends before what cannot be read or is damaged, and tells why.
 * Throws Overtaken when another process packs this gateway.
 */
export async function packGateway(
  source: PackSource,
  gateway: string,
  { beforeMs, mostBytes }: { readonly beforeMs: number; readonly mostBytes: number },
): Promise<Pack> {
  const after = await packedUpTo(source.db, gateway);
  const packing = new Packing(source.frameBytes, await lastLink(source.db, gateway, after));
  const days = new Set<string>();
  let rows = 0;
  let problem: unknown;
  try {
    for await (const [row, frame] of framesAfter(source, gateway, { after, beforeMs })) {
      const batch = await verify(row, frame, packing.last);
      if (!packing.hasRoomFor(batch)) await packing.end();
      if (packing.bytes >= mostBytes) break;
      packing.add(row, batch);
      days.add(row.object.slice(0, '2026/11/22'.length));
      rows += 1;
    }
  } catch (error) {
    if (error instanceof Overtaken) throw error;
    problem = error;
  }
  await packing.end();
  const { frames, bytes } = packing;
  return { gateway, after, rows, days, frames, bytes, ...(problem === undefined ? {} : { problem }) };
}

async function packedUpTo(db: Kysely<Schema>, gateway: string): Promise<number> {
  const head = await db
    .selectFrom('entry_heads')
    .select('packed_up_to')
    .where('gateway_id', '=', gateway)
    .executeTakeFirstOrThrow();
  return head.packed_up_to;
}

async function lastLink(db: Kysely<Schema>, gateway: string, number: number): Promise<Link> {
  if (number === 0) return BEGINNING;
  const row = await db
    .selectFrom('entry_batches')
    .select('chain')
    .where('gateway_id', '=', gateway)
    .where('last_number', '=', number)
    .executeTakeFirstOrThrow();
  return lastLinkOf(row) ?? BEGINNING;
}

/** Each row with its frame, in order, up to the first that came too late. */
async function* framesAfter(
  { db, objects }: PackSource,
  gateway: string,
  { after, beforeMs }: { readonly after: number; readonly beforeMs: number },
) {
  for (let from = after; ; ) {
    const rows = await db
      .selectFrom('entry_batches')
      .selectAll()
      .where('gateway_id', '=', gateway)
      .where('last_number', '>', from)
      .orderBy('last_number')
      .limit(ROWS_AT_ONCE)
      .execute();
    const young = rows.findIndex((row) => row.received_at_ms >= beforeMs);
    const old = young < 0 ? rows : rows.slice(0, young);
    if (old.some(({ packed }) => packed)) throw new Overtaken(gateway);
    for (let at = 0; at < old.length; at += READ_AT_ONCE) {
      const some = old.slice(at, at + READ_AT_ONCE);
      // Settled, so that what comes before one that cannot be read is not lost with it.
      const frames = await Promise.allSettled(
        some.map((row) => objects.get(row.object, row.byte_offset, row.byte_length)),
      );
      for (const [index, row] of some.entries()) {
        const frame = frames[index];
        if (frame?.status !== 'fulfilled')
          throw frame?.reason instanceof NotThere
            ? damage(row, `is lost (${frame.reason.message})`)
            : frame?.reason;
        yield [row, frame.value] as const;
      }
    }
    if (old.length < ROWS_AT_ONCE) return;
    from = old.at(-1)?.last_number ?? from;
  }
}

/** Lines to frames. A batch is never cut. */
class Packing {
  readonly frames: PackedFrame[] = [];
  bytes = 0;
  last: Link;
  readonly #frameBytes: number;
  #lines: Buffer[] = [];
  #lineBytes = 0;
  #firstNumber = 0;
  #receivedAtMs = 0;

  constructor(frameBytes: number, after: Link) {
    this.#frameBytes = frameBytes;
    this.last = after;
  }

  hasRoomFor({ lines }: Verified): boolean {
    return this.#lineBytes + lines.length <= this.#frameBytes;
  }

  add({ first_number, received_at_ms }: Row, { lines, last }: Verified): void {
    if (this.#lines.length === 0) this.#firstNumber = first_number;
    this.#lines.push(lines);
    this.#lineBytes += lines.length;
    this.#receivedAtMs = received_at_ms;
    this.last = last;
  }

  async end(): Promise<void> {
    if (this.#lines.length === 0) return;
    const bytes = await frameOfLines(this.#lines);
    this.frames.push({
      ...{ bytes, firstNumber: this.#firstNumber, lastNumber: this.last.number },
      ...{ chain: chainOf([this.last]), receivedAtMs: this.#receivedAtMs },
    });
    this.bytes += bytes.length;
    this.#lines = [];
    this.#lineBytes = 0;
  }
}
