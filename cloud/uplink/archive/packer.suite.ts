import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { pino } from 'pino';
import type { Records } from '../../records/index.ts';
import { FailFrom } from '../../testing/fault.ts';
import type { TestGateway } from '../../testing/gateway.ts';
import { entriesOf, receivedAtMs } from '../entry-store.suite.ts';
import type { EntryStore, StoredEntry } from '../entry-store.ts';
import type { Objects } from './objects.ts';
import { Packer, type PackerOptions } from './packer.ts';

const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * HOUR_MS;
/** Of the day on which the suites' entries come. */
const DAY_END = Date.UTC(2026, 10, 23);
/** The first moment at which they are packed. */
export const PACKED_AT = DAY_END + 2 * HOUR_MS;
/** The first at which what they lay in is deleted. */
export const SWEPT_AT = PACKED_AT + 7 * DAY_MS;

export interface Site {
  readonly db: Records['db'];
  readonly objects: Objects;
}

export function packerOn({ db, objects }: Site, options: Partial<PackerOptions> = {}): Packer {
  const clock = { nowMs: () => PACKED_AT };
  return new Packer({ db, objects, clock, logger: pino({ level: 'silent' }), ...options });
}

/** Packs until nothing is left. */
export async function packAll(packer: Packer, nowMs = PACKED_AT): Promise<void> {
  while (await packer.packOnce(nowMs));
}

export async function rowsOf({ db }: Site) {
  return db.selectFrom('entry_batches').selectAll().orderBy('gateway_id').orderBy('last_number').execute();
}

/** Everything that the index names, line by line as it lies in the objects. */
export async function linesOf(site: Site): Promise<string[]> {
  const lines: string[] = [];
  for (const row of await rowsOf(site)) {
    const frame = await site.objects.get(row.object, row.byte_offset, row.byte_length);
    lines.push(...zstdDecompressSync(frame).toString().trimEnd().split('\n'));
  }
  return lines;
}

/** The same objects, with some of their doings replaced. */
export function wrapped(objects: Objects, instead: Partial<Objects>): Objects {
  return {
    put: (name, bytes) => objects.put(name, bytes),
    get: (name, offset, length) => objects.get(name, offset, length),
    getAll: (name) => objects.getAll(name),
    list: (folder) => objects.list(folder),
    delete: (name) => objects.delete(name),
    ...instead,
  };
}

/** Appends each of these as a message of its own. */
export async function send(
  store: EntryStore,
  gateway: TestGateway,
  batches: readonly (readonly string[])[],
  at = receivedAtMs,
) {
  const sent: StoredEntry[] = [];
  for (const payloads of batches) {
    const entries = entriesOf(gateway, payloads);
    await store.append(gateway.id, entries, { after: await store.head(gateway.id), receivedAtMs: at });
    sent.push(...entries);
  }
  return sent;
}

/** Nothing works from this statement or access on, of all that happen. */
export function dyingAt(step: number, { db, objects }: Site): Site {
  const statements = new FailFrom(step);
  const count = () => {
    if (++statements.statements >= step) throw new Error('the process died here');
  };
  const dying = wrapped(objects, {
    put: async (...object) => {
      count();
      await objects.put(...object);
      count();
    },
    get: async (...range) => {
      count();
      return objects.get(...range);
    },
  });
  return { db: db.withPlugin(statements), objects: dying };
}

/** What can befall the object of entry 3: what lies there then, and how much of it the row names. */
export function damagesOf(frame: Buffer): { readonly held: Buffer | undefined; readonly length: number }[] {
  const { length } = frame;
  // By somebody who knows how, and who reaches the row but for its hashes.
  const forged = (from: string, to: string) => {
    const held = zstdCompressSync(zstdDecompressSync(frame).toString().replace(from, to));
    return { held, length: held.length };
  };
  return [
    { held: undefined, length },
    { held: frame.subarray(0, -1), length },
    { held: frame.map((byte, at) => (at === 60 ? byte ^ 1 : byte)) as Buffer, length },
    forged('"payload":"c"', '"payload":"C"'),
    forged('"number":3', '"number":4'),
    forged('gw-hurt', 'gw-whole'),
  ];
}
