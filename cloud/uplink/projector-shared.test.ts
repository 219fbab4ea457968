import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryHash } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords, type Records } from '../records/index.ts';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../records/postgres.suite.ts';
import { layout, TestGateway } from '../testing/gateway.ts';
import { Projector } from './projector.ts';
import { SqliteEntryStore } from './sqlite-entry-store.ts';

const programs = postgresPrograms();
const withServer = programs !== undefined || Boolean(process.env.CI);

it.skipIf(withServer)('projectors that share: PostgreSQL is not installed here', ({ skip }) => skip());

describe.skipIf(!withServer)('projectors of several processes', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-shared-'));
  const complaints: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => void complaints.push(line) });
  let cluster: TemporaryCluster;
  let records: Records;

  beforeAll(async () => {
    if (programs === undefined) throw new Error('install the package postgresql to run this suite');
    cluster = await startCluster(programs);
    records = openRecords({ dataDir, databaseUrl: await cluster.createDatabase(), logger });
    await records.start();
  });
  afterAll(async () => {
    await records?.stop();
    await cluster?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('project every entry once between them, and complain of nothing', async () => {
    const entries = new SqliteEntryStore(join(dataDir, 'entries.sqlite'));
    await entries.open();
    const gateways = Array.from({ length: 6 }, (_, n) => new TestGateway(`gw-${n}`));
    for (const gateway of gateways) {
      gateway.record(layout);
      for (let n = 0; n < 60; n += 1)
        gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.2, Date.UTC(2026, 2, 1) + n * 1_000));
      const journal = gateway.journal.map((entry) => ({ ...entry, hash: entryHash(entry, entry.payload) }));
      await entries.append(gateway.id, journal, { after: undefined, receivedAtMs: 0 });
    }
    const { db } = records;
    const options = { db, entries, logger, batchSize: 5, atOnce: 2, seasonOf: async () => '{}' };
    const projectors = [1, 2, 3].map(() => new Projector(options));
    await Promise.all(projectors.map((projector) => projector.start()));
    await Promise.all(projectors.map((projector) => projector.idle()));
    const rows = await db.selectFrom('reading_days').select(['gateway_id', 'count']).execute();
    expect(rows.map(({ count }) => count)).toEqual(gateways.map(() => 60));
    const cursors = await db.selectFrom('projection_cursors').select('projected_up_to').execute();
    expect(cursors.map((row) => row.projected_up_to)).toEqual(gateways.map(() => 61));
    expect(complaints).toEqual([]);
    await entries.close();
  });
});
