import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { openRecords, type Records } from '../../records/index.ts';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../../records/postgres.suite.ts';
import { ArchiveStore } from './archive-store.ts';
import { startBucket } from './bucket.suite.ts';
import { BucketObjects } from './bucket-objects.ts';
import { FolderObjects } from './folder-objects.ts';
import type { Objects } from './objects.ts';

const logger = pino({ level: 'silent' });
const programs = postgresPrograms();

/**
 * Empty archives in a folder or a bucket, indexed in PGlite or in a real server (`server`), for the tests of one file: its
 * databases are opened once, emptied for each archive, and closed after the last test.
 */
export function openArchives() {
  const opened = new Map<boolean, Records>();
  const dataDir = temporaryFolder();
  let cluster: TemporaryCluster | undefined;
  afterAll(async () => {
    for (const records of opened.values()) await records.stop();
    await cluster?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function newDatabase(): Promise<string> {
    if (programs === undefined) throw new Error('install the package postgresql to run this suite');
    cluster ??= await startCluster(programs);
    return cluster.createDatabase();
  }

  async function emptyDatabase(server: boolean): Promise<Records['db']> {
    const there = opened.get(server);
    const records =
      there ?? openRecords({ dataDir, logger, ...(server ? { databaseUrl: await newDatabase() } : {}) });
    if (there === undefined) {
      await records.start();
      opened.set(server, records);
    }
    for (const table of ['entry_heads', 'entry_batches', 'entry_forks', 'superseded_days'] as const)
      await records.db.deleteFrom(table).execute();
    return records.db;
  }

  // PGlite takes its time, which is no test's.
  beforeAll(async () => void (await emptyDatabase(false)));

  async function makeOn(server: boolean, objects: Objects, remove: () => unknown) {
    const db = await emptyDatabase(server);
    const again = () => new ArchiveStore(db, objects);
    return { store: again(), again, db, objects, remove: async () => void (await remove()) };
  }

  return {
    /** Whether there is a real server here; where there must be one, it is missed. */
    withServer: programs !== undefined || Boolean(process.env.CI),
    onFolder: async (server: boolean) => {
      const folder = temporaryFolder();
      const removeFolder = () => rmSync(folder, { recursive: true, force: true });
      return { folder, ...(await makeOn(server, new FolderObjects(folder), removeFolder)) };
    },
    onBucket: async () => {
      const bucket = await startBucket();
      return { bucket, ...(await makeOn(false, new BucketObjects(bucket.bucket), bucket.stop)) };
    },
  };
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'nongtin-archive-'));
}

/** Files below a folder, without their note. */
export function objectsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.zst') && statSync(path).isFile())
    .sort();
}
