import { entryHash } from '@nongtin/broker/wire';
import { sql } from 'kysely';
import { pino } from 'pino';
import { openRecords } from '../../cloud/records/index.ts';
import { postgresPrograms, startCluster } from '../../cloud/records/postgres.suite.ts';
import { ArchiveStore } from '../../cloud/uplink/archive/archive-store.ts';
import { FolderObjects } from '../../cloud/uplink/archive/folder-objects.ts';
import { Packer } from '../../cloud/uplink/archive/packer.ts';
import { trickling } from '../load/journals.ts';
import { remove, temporaryFolder } from '../sides/leftovers.ts';
import { SENSORS } from './farm.ts';

/** A farm's day in the archive and its index in PostgreSQL, as it comes and once it is packed. */
export interface ArchiveCost {
  readonly entries: number;
  readonly before: Kept;
  readonly packed: Kept;
  readonly packCpuSeconds: number;
}

interface Kept {
  /** Of what the index names. */
  readonly archiveBytes: number;
  /** With its keys, as a farm's share of many. */
  readonly indexBytes: number;
}

const DAY_MS = 86_400_000;
const APPENDS_AT_ONCE = 500;

export async function archiveCost(
  { minutes, entriesPerMessage }: { minutes: number; entriesPerMessage: number },
  say: (text: string) => void,
): Promise<ArchiveCost> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error('install the package postgresql');
  const folder = temporaryFolder('archive');
  const cluster = await startCluster(programs);
  const logger = pino({ level: 'silent' });
  const records = openRecords({ dataDir: folder, databaseUrl: await cluster.createDatabase(), logger });
  try {
    await records.start();
    const { db } = records;
    const objects = new FolderObjects(folder);
    const store = new ArchiveStore(db, objects);
    await store.open();
    const entries = minutes * SENSORS;
    say(`${entries} entries of one farm go into the archive`);
    const receivedAtMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
    await append(store, entries, entriesPerMessage, receivedAtMs);
    const before = await keptIn(db);
    const packer = new Packer({ db, objects, clock: { nowMs: Date.now }, logger });
    const usedBefore = process.cpuUsage();
    while (await packer.packOnce(receivedAtMs + DAY_MS));
    const used = process.cpuUsage(usedBefore);
    const packed = await keptIn(db);
    await store.close();
    return { entries, before, packed, packCpuSeconds: (used.user + used.system) / 1e6 };
  } finally {
    await records.stop();
    await cluster.stop();
    remove(folder);
  }
}

async function append(
  store: ArchiveStore,
  count: number,
  entriesPerMessage: number,
  receivedAtMs: number,
): Promise<void> {
  const [gateway] = trickling(1, count, SENSORS);
  if (gateway === undefined) return;
  const entries = gateway.journal.map((entry) => ({ ...entry, hash: entryHash(entry, entry.payload) }));
  let written: Promise<void>[] = [];
  for (let at = 0; at < entries.length; at += entriesPerMessage) {
    const last = entries[at - 1];
    const after = last && { number: last.number, hash: last.hash };
    written.push(
      store.append(gateway.id, entries.slice(at, at + entriesPerMessage), { after, receivedAtMs }),
    );
    if (written.length < APPENDS_AT_ONCE) continue;
    await Promise.all(written);
    written = [];
  }
  await Promise.all(written);
}

/** So many farms' rows fill pages, which those of one alone do not. */
const FARMS = 200;

async function keptIn(db: ConstructorParameters<typeof ArchiveStore>[0]): Promise<Kept> {
  await sql`create table many (like entry_batches including all)`.execute(db);
  // Every column as it is but the gateway, which comes first.
  await sql`insert into many select (json_populate_record(row, json_build_object('gateway_id', 'bench-' || farm))).*
    from entry_batches as row, generate_series(1, ${FARMS}) as farm`.execute(db);
  const { rows } = await sql<{ archive: number; index: string }>`
    select (select sum(byte_length)::int from entry_batches) as archive,
      pg_total_relation_size('many')::text as index`.execute(db);
  await sql`drop table many`.execute(db);
  return { archiveBytes: rows[0]?.archive ?? 0, indexBytes: Number(rows[0]?.index) / FARMS };
}
