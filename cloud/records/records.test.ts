import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords, type Records } from './index.ts';
import { migrations } from './migrations/index.ts';
import { postgresPrograms, startCluster, type TemporaryCluster } from './postgres.suite.ts';

const logger = pino({ level: 'silent' });
const programs = postgresPrograms();
const folders: string[] = [];

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-records-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

let cluster: TemporaryCluster | undefined;
const engines: { name: string; options: () => Promise<{ dataDir: string; databaseUrl?: string }> }[] = [
  { name: 'embedded PGlite', options: async () => ({ dataDir: temporaryFolder() }) },
];
if (programs !== undefined || process.env.CI) {
  engines.push({
    name: 'PostgreSQL server',
    options: async () => {
      if (programs === undefined) throw new Error('install the package postgresql to run this suite');
      cluster ??= await startCluster(programs);
      return { dataDir: temporaryFolder(), databaseUrl: await cluster.createDatabase() };
    },
  });
}
afterAll(() => cluster?.stop());

it.skipIf(programs !== undefined || process.env.CI)('PostgreSQL server: not installed here', ({ skip }) =>
  skip(),
);

describe.each(engines)('records in $name', ({ options }) => {
  let records: Records;
  let chosen: { dataDir: string; databaseUrl?: string };

  beforeAll(async () => {
    chosen = await options();
    records = openRecords({ ...chosen, logger });
    await records.start();
  });
  afterAll(() => records.stop());

  it('can be started again without doing anything twice', async () => {
    await records.start();
    const { rows } = await sql<{ n: number }>`select count(*) as n from kysely_migration`.execute(records.db);
    expect(rows[0]?.n).toBe(Object.keys(migrations).length);
  });

  it('gives the same JavaScript types for the same columns', async () => {
    const { rows } =
      await sql`select 1::int4 as a, ${1_900_000_000_123}::int8 as b, 0.1::float8 as c, true as d,
      'x'::text as e, sum(2::int8) as f, count(*) as g, null::text as h,
      123456789012345678901234567890::numeric as i`.execute(records.db);
    expect(rows[0]).toEqual({
      a: 1,
      b: 1_900_000_000_123,
      c: 0.1,
      d: true,
      e: 'x',
      f: '2',
      g: 1,
      h: null,
      i: '123456789012345678901234567890',
    });
  });

  it('refuses to round an int8 that a number cannot hold', async () => {
    await expect(sql`select 9007199254740993::int8 as a`.execute(records.db)).rejects.toThrow(/exactly/);
    expect((await sql`select 1 as a`.execute(records.db)).rows).toEqual([{ a: 1 }]);
  });

  it('undoes a transaction that throws, and goes on', async () => {
    const cooperative = { id: 'a', chain_id: '0x00', name: 'A', created_at_ms: 1 };
    const attempt = records.db.transaction().execute(async (trx) => {
      await trx.insertInto('cooperatives').values(cooperative).execute();
      throw new Error('changed my mind');
    });
    await expect(attempt).rejects.toThrow('changed my mind');
    expect(await records.db.selectFrom('cooperatives').selectAll().execute()).toEqual([]);
  });

  it('does not mix transactions that run at the same time', async () => {
    await sql`create table counter (n int8 not null)`.execute(records.db);
    await sql`insert into counter values (0)`.execute(records.db);
    const add = () =>
      records.db.transaction().execute(async (trx) => {
        const { rows } = await sql<{ n: number }>`select n from counter for update`.execute(trx);
        await sql`update counter set n = ${(rows[0]?.n ?? 0) + 1}`.execute(trx);
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect((await sql`select n from counter`.execute(records.db)).rows).toEqual([{ n: 20 }]);
  });

  it('tells how many rows a statement touched', async () => {
    const result = await records.db.deleteFrom('cooperatives').executeTakeFirst();
    expect(result.numDeletedRows).toBe(0n);
  });
});

describe('the embedded engine', () => {
  it('refuses a second process on the same folder with one sentence', async () => {
    const dataDir = temporaryFolder();
    const first = openRecords({ dataDir, logger });
    await first.start();
    const second = openRecords({ dataDir, logger });
    await expect(second.start()).rejects.toThrow(/Another cloud process already works on .*pglite\.lock/);
    await second.stop();
    await first.stop();
  });

  it('begins anew where an earlier process was killed while it began', async () => {
    const dataDir = temporaryFolder();
    mkdirSync(join(dataDir, 'cloud/pglite.new/base'), { recursive: true });
    writeFileSync(join(dataDir, 'cloud/pglite.new/PG_VERSION'), '');
    const records = openRecords({ dataDir, logger });
    await records.start();
    await records.stop();
  });

  it('says in one sentence that its folder is damaged', async () => {
    const dataDir = temporaryFolder();
    const whole = openRecords({ dataDir, logger });
    await whole.start();
    await whole.stop();
    rmSync(join(dataDir, 'cloud/pglite/global/pg_control'));
    const damaged = openRecords({ dataDir, logger });
    await expect(damaged.start()).rejects.toThrow(
      /cloud\/pglite cannot be opened: .* make it again of the change log/,
    );
    await damaged.stop();
  });

  it('comes back after kill -9 with everything it had committed', async () => {
    const dataDir = temporaryFolder();
    const lastAcknowledged = await insertUntilKilled(dataDir);
    const records = openRecords({ dataDir, logger });
    await records.start();
    const rows = await records.db.selectFrom('projection_cursors').select('projected_up_to').execute();
    expect(rows[0]?.projected_up_to).toBeGreaterThanOrEqual(lastAcknowledged);
    await records.stop();
  });
});

/** A process that counts upwards, one transaction each, until it is killed in the middle of one. */
async function insertUntilKilled(dataDir: string): Promise<number> {
  const script = `
    import { pino } from 'pino';
    import { openRecords } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    const { db, start } = openRecords({ dataDir: ${JSON.stringify(dataDir)}, logger: pino({ level: 'silent' }) });
    await start();
    await db.insertInto('projection_cursors').values({ gateway_id: 'g', projected_up_to: 0 }).execute();
    for (let n = 1; ; n++) {
      await db.updateTable('projection_cursors').set({ projected_up_to: n }).execute();
      process.stdout.write(n + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
  });
  let last = 0;
  for await (const chunk of child.stdout) {
    last = Number(String(chunk).trimEnd().split('\n').at(-1));
    if (last >= 200) child.kill('SIGKILL');
  }
  return last;
}
