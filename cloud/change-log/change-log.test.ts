import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAccounts } from '@nongtin/accounts';
import { seededRandom } from '@nongtin/service';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixture, openTestRecords, silent } from '../anchoring/fixture.suite.ts';
import { createAnchorer, createAnchorStore, standingOf } from '../anchoring/index.ts';
import { MemoryChain } from '../anchoring/memory-chain.ts';
import { keyStoreOf } from '../keystore/index.ts';
import { openRecords, type Schema } from '../records/index.ts';
import { postgresPrograms, startCluster } from '../records/postgres.suite.ts';
import { createSigner, ensureKey } from '../signing/index.ts';
import { createActivation, createLife, createStamps, PinDelays } from '../stamps/index.ts';
import { recordsFolder } from '../testing/records-folder.ts';
import { ChangeLog, LogFiles, rebuild } from './index.ts';
import { loggedTables, primaryKeyOf } from './logged.ts';

const { cooperative, lotNumber, gtin14 } = fixture;
const clock = { nowMs: () => 1_790_000_000_000 };
const masterKey = randomBytes(32);
const keyStore = keyStoreOf(masterKey);
const secret = 's'.repeat(32);

let folder: string;
const files = () => new LogFiles(join(folder, 'changes'));
const logOf = (db: Kysely<Schema>, to = files()) =>
  new ChangeLog({ db, files: to, logger: silent, everyMs: 3_600_000 });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-changes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function openAccounts(db: Kysely<Schema>) {
  const accounts = createAccounts({ database: { db, type: 'postgres' }, secret, logger: silent });
  await accounts.start();
  return accounts;
}

/** All logged tables, as text that both engines write alike. */
async function dump(db: Kysely<Schema>): Promise<Record<string, string[]>> {
  const tables = loggedTables.map(async (table) => {
    const key = await primaryKeyOf(db, table);
    const { rows } = await sql<{
      row: string;
    }>`select to_jsonb(one)::text as row from ${sql.table(table)} as one
      order by ${sql.join(key.map((column) => sql.ref(column)))}`.execute(db);
    return [table, rows.map(({ row }) => row)] as const;
  });
  return Object.fromEntries(await Promise.all(tables));
}

/** Something of everything: people, stamps and their lives, PINs, signatures, trees on a chain. */
async function work(db: Kysely<Schema>, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  await (await openAccounts(db)).createUser({
    ...{
      email: `an${seed}@htx.vn`,
      password: 'mat khau that dai',
      name: 'Trần Thị "An" \\ \n',
      role: 'manager',
    },
  });
  await ensureKey(db, keyStore, { cooperative, label: 'một', by: 'x', nowMs: 1 });
  const { queueRecord } = createSigner({ db, keyStore, clock });
  const stamps = createStamps({ db, keyStore, clock, queueRecord });
  const issued = await stamps.issueBatch({
    lotNumber,
    count: 600,
    issuedBy: 'x',
    orderId: crypto.randomUUID(),
  });
  if (!issued.ok) throw new Error(issued.problem);
  const { batchNumber } = issued.batch;
  const life = createLife({ db, clock, queueRevocation: async () => {} });
  const delays = new PinDelays({ nowMs: clock.nowMs, key: 'k' });
  const { activate } = createActivation({ db, stamps, clock, delays });
  const pins = (await stamps.listPins(batchNumber, 0, 600))?.stamps ?? [];
  for (let n = 0; n < 25; n += 1) {
    const from = below(600);
    const to = Math.min(599, from + below(40));
    const state = (['printed', 'applied', 'spoiled', 'voided'] as const)[below(4)] ?? 'printed';
    await life.change({ batchNumber, from, to, state, reason: 'kẹt máy in', by: 'y' });
    const { serial = '', pin = '' } = pins[below(600)] ?? {};
    await activate({ gtin14, serial, pin, client: `203.0.113.${n}` });
  }
  const chain = new MemoryChain();
  chain.price = { baseFeeWei: 12_345_678_901_234_567n, tipWei: 1n };
  const fees = {
    maxFeePerGasWei: 10n ** 18n,
    transactionBudgetWei: 10n ** 30n,
    dayBudgetWei: 10n ** 40n,
    bumpAfterMs: 1,
  };
  const anchorer = createAnchorer({
    ...{ store: createAnchorStore(db), chain, clock, logger: silent, tickSeconds: 5, fees },
  });
  for (let n = 0; n < 3; n += 1) await anchorer.tick();
  expect((await standingOf(db, 'stamp_batch', String(batchNumber)))?.anchor).not.toBeNull();
}

async function empty(databaseUrl?: string) {
  const dataDir = await recordsFolder('nongtin-rebuilt-');
  const records = openRecords({
    dataDir,
    logger: silent,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  await records.start();
  await openAccounts(records.db);
  return {
    db: records.db,
    stop: async () => {
      await records.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const rebuilt = (db: Kysely<Schema>, from = files(), store = keyStore) =>
  rebuild({ db, files: from, keyStore: store, say: () => {} });

describe('the change log', () => {
  let records: Awaited<ReturnType<typeof openTestRecords>>;
  let db: Kysely<Schema>;
  beforeAll(async () => {
    records = await openTestRecords();
    db = records.db;
    await openAccounts(db);
  });
  afterAll(() => records.stop());
  beforeEach(async () => {
    // As before its first start.
    await sql`truncate changes, change_log, logged_tables`.execute(db);
    for (const table of loggedTables)
      await sql`drop trigger if exists log_change on ${sql.table(table)}`.execute(db);
  });

  it('makes the database again, row by row, whatever was there before it and whatever happened since', async () => {
    await work(db, 1);
    const log = logOf(db);
    await log.start();
    await work(db, 2);
    await log.stop();
    const there = await empty();
    try {
      await rebuilt(there.db);
      expect(await dump(there.db)).toEqual(await dump(db));
      expect(
        Object.entries(await dump(db))
          .filter(([, rows]) => rows.length === 0)
          .map(([table]) => table),
      ).toEqual([...['gateways', 'uplink_logins', 'lot_recalls', 'pin_exports', 'chain_orders']]);
      // It goes on where the other one stopped, with the same log, and numbers that may have been lost are not used again.
      const after = logOf(there.db);
      await after.start();
      expect(after.status()).toMatchObject({ state: 'ok', lines: log.status().lines });
      await work(there.db, 3);
      await after.stop();
      expect(after.status().lines).toBeGreaterThan(log.status().lines);
      const numbers = await there.db.selectFrom('stamp_batches').select('batch_number').execute();
      expect(numbers.map(({ batch_number }) => batch_number)).toEqual([1, 2, 10_003]);
    } finally {
      await there.stop();
    }
  });

  it('loses nothing and doubles nothing when the process dies between writing and noting it', async () => {
    const dying = files();
    const append = dying.append.bind(dying);
    const log = logOf(db, dying);
    await log.start();
    dying.append = async (changes) => {
      await append(changes);
      throw new Error('killed');
    };
    await work(db, 4);
    await log.tick();
    expect(log.status().state).toBe('away');
    await dying.close();
    const again = logOf(db);
    await again.start();
    expect(again.status()).toMatchObject({ state: 'ok', message: '' });
    await again.stop();
    expect(await db.selectFrom('changes').selectAll().execute()).toEqual([]);
    const ids: number[] = [];
    for await (const { changeId } of files().read()) ids.push(changeId);
    expect(ids).toEqual([...new Set(ids)]);
    const there = await empty();
    try {
      await rebuilt(there.db);
      expect(await dump(there.db)).toEqual(await dump(db));
    } finally {
      await there.stop();
    }
  });

  it('waits in the database while its folder cannot be written, and says so', async () => {
    const away = join(folder, 'changes');
    writeFileSync(away, 'a stick that is no folder');
    const log = logOf(db);
    await log.start();
    await work(db, 5);
    await log.tick();
    expect(log.status()).toMatchObject({ state: 'away', lines: 0 });
    expect(log.status().message).toContain(`${away} cannot be written`);
    rmSync(away);
    await log.tick();
    expect(log.status().state).toBe('ok');
    expect(await db.selectFrom('changes').selectAll().execute()).toEqual([]);
    await log.stop();
  });

  it('begins anew, with all there is, in a folder that has lost it', async () => {
    const log = logOf(db);
    await log.start();
    await work(db, 6);
    await log.stop();
    rmSync(join(folder, 'changes'), { recursive: true });
    await work(db, 60);
    const anew = logOf(db);
    // The stick is not there: it is not begun on the disk below.
    await anew.start();
    expect(anew.status().state).toBe('away');
    expect(anew.status().message).toContain('bring it back, or make it for a new log');
    mkdirSync(join(folder, 'changes'));
    // And the process dies once more, when the new log has its name and nothing else.
    const begun = files();
    await begun.begin('new');
    await begun.close();
    await anew.tick();
    await anew.stop();
    expect(anew.status().state).toBe('ok');
    const there = await empty();
    try {
      await rebuilt(there.db);
      expect(await dump(there.db)).toEqual(await dump(db));
    } finally {
      await there.stop();
    }
  });

  it('is not written on by a database that was set back, nor by another one, nor where lines are missing', async () => {
    const log = logOf(db);
    await log.start();
    await work(db, 7);
    await log.stop();
    const { lines } = log.status();
    const stateWith = async (change: { lines?: number; log_id?: string }) => {
      const before = await db.selectFrom('change_log').selectAll().executeTakeFirstOrThrow();
      await db
        .updateTable('change_log')
        .set({ ...before, ...change })
        .execute();
      const found = logOf(db);
      await found.start();
      await found.stop();
      await db.updateTable('change_log').set(before).execute();
      return found.status();
    };
    const setBack = await stateWith({ lines: lines - 3 });
    expect(setBack).toMatchObject({ state: 'set_back' });
    expect(setBack.message).toContain('knows 3 changes that the database does not');
    expect(await stateWith({ log_id: 'another' })).toMatchObject({ state: 'foreign' });
    expect(await stateWith({ lines: lines + 2 })).toMatchObject({ state: 'damaged' });
    expect(await stateWith({})).toMatchObject({ state: 'ok', lines });
  });
});

describe('rebuilding', () => {
  let there: Awaited<ReturnType<typeof empty>>;
  let source: Awaited<ReturnType<typeof openTestRecords>>;
  let made: string;
  beforeAll(async () => {
    there = await empty();
    source = await openTestRecords();
    made = mkdtempSync(join(tmpdir(), 'nongtin-made-'));
    await openAccounts(source.db);
    const log = logOf(source.db, new LogFiles(made));
    await log.start();
    await work(source.db, 8);
    await log.stop();
  });
  afterAll(async () => {
    await Promise.all([there.stop(), source.stop()]);
    rmSync(made, { recursive: true, force: true });
  });

  it('is all or nothing, and says what is missing', async () => {
    await expect(rebuilt(there.db)).rejects.toThrow('has no change log: name the folder that has');
    const otherKey = keyStoreOf(randomBytes(32));
    await expect(rebuilt(there.db, new LogFiles(made), otherKey)).rejects.toThrow(
      /does not open the secret of batch \d+: put its key/,
    );
    cpSync(made, join(folder, 'changes'), { recursive: true });
    rmSync(join(folder, 'changes', '000001.log'));
    writeFileSync(join(folder, 'changes', '000002.log'), 'nongtin-change-log 2 x\n');
    await expect(rebuilt(there.db)).rejects.toThrow('does not begin as a change log of this version does');
    expect(Object.values(await dump(there.db)).flat()).toEqual([]);
    await expect(rebuilt(source.db, new LogFiles(made))).rejects.toThrow(
      'The database has account_user already: a log is rebuilt into an empty one',
    );
  });

  const programs = postgresPrograms();
  it.skipIf(programs === undefined && !process.env.CI)(
    'goes from the embedded engine to a PostgreSQL server as well',
    async () => {
      if (programs === undefined) throw new Error('PostgreSQL is not installed');
      const cluster = await startCluster(programs);
      const server = await empty(await cluster.createDatabase());
      try {
        await rebuilt(server.db, new LogFiles(made));
        expect(await dump(server.db)).toEqual(await dump(source.db));
        const log = logOf(server.db, new LogFiles(made));
        await log.start();
        await work(server.db, 9);
        await log.stop();
        expect(log.status().state).toBe('ok');
      } finally {
        await server.stop();
        await cluster.stop();
      }
    },
  );
});
