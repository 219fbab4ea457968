import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { Kysely, Migrator, sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createTransactionLedger } from '../anchoring/index.ts';
import { embeddedEngine } from './engines.ts';
import { openRecords, type Schema } from './index.ts';
import { migrations } from './migrations/index.ts';

const hex = (digit: string) => `0x${digit.repeat(64)}`;
const registry = `0x${'a1'.repeat(20)}`;

/** A folder whose database is of an earlier release, with rows as that release wrote them. */
async function withDatabaseOf(
  release: string,
  rows: readonly string[],
  check: (db: Kysely<Schema>) => Promise<void>,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-older-'));
  try {
    const engine = embeddedEngine(dataDir);
    const db = new Kysely<Schema>({ dialect: engine.dialect });
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
    expect((await migrator.migrateTo(release)).error).toBeUndefined();
    for (const row of rows) await sql.raw(row).execute(db);
    await db.destroy();
    engine.release();
    const records = openRecords({ dataDir, logger: pino({ level: 'silent' }) });
    await records.start();
    await check(records.db).finally(() => records.stop());
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const farm = [
  `insert into cooperatives values ('htx', '${hex('1')}', 'HTX Thử', 1)`,
  `insert into products values ('08936000000011', 'htx', 'Thanh long', 'Dragon fruit')`,
];

describe('a database of an earlier release', () => {
  it('of before enrolment: gateways stay, and the chain is told of their keys', async () => {
    const gateway = `insert into gateways (gateway_id, cooperative_id, public_key, registered_by, registered_at_ms)
      values ('gw-1', 'htx', '${'ab'.repeat(32)}', 'manager', 5)`;
    await withDatabaseOf('0006-series', [...farm, gateway], async (db) => {
      expect(await db.selectFrom('gateways').selectAll().execute()).toMatchObject([
        { gateway_id: 'gw-1', label: '', revoked: false, revoked_from_ms: null },
      ]);
      expect(await db.selectFrom('chain_orders').selectAll().execute()).toMatchObject([
        { gateway_id: 'gw-1', action: 'set_key', state: 'waiting', queued_at_ms: 5 },
      ]);
    });
  });

  it('of before fees and other chains: what was on its way is followed on, what stood stands', async () => {
    const wallet = Wallet.createRandom();
    const raw = await wallet.signTransaction({ type: 2, chainId: 1, nonce: 7, gasLimit: 1, to: registry });
    const anchor = (id: number, state: string, more: Record<string, string | number>) => {
      const columns = {
        anchor_id: id,
        state: `'${state}'`,
        root: `'${hex(String(id))}'`,
        tree_size: 1,
        ...more,
      };
      return `insert into anchors (${Object.keys(columns).join()}, chain_id, registry, created_at_ms)
        overriding system value values (${Object.values(columns).join()}, 1, '${registry}', ${id})`;
    };
    const leaf = (
      id: number,
    ) => `insert into leaves (leaf_id, cooperative_id, kind, digest, salt, ref_kind, ref_id,
      queued_at_ms, anchor_id) overriding system value values (${id}, '${hex('1')}', 'lot', '${'c'.repeat(64)}',
      '${'d'.repeat(64)}', 'lot', 'L${id}', 1, ${id})`;
    const inTree = (id: number) => `insert into anchor_leaves values (${id}, 0, ${id}, '${hex('e')}')`;
    const signature = (
      id: number,
    ) => `insert into record_signatures (ref_kind, ref_id, cooperative_id, kind, digest,
      asked_at_ms, key_id, signature, signed_at_ms) values ('lot', 'L${id}', 'htx', 'lot', '${'c'.repeat(64)}', 1,
      '${hex('f')}', '0x${'9'.repeat(130)}', 1)`;
    const rows = [
      ...farm,
      `insert into signing_keys (key_id, cooperative_id, address, held, label, added_at_ms, added_by, retired_at_ms,
        revoked_from_ms) values ('${hex('f')}', 'htx', '0x${'2'.repeat(40)}', 'wallet', 'x', 1, 'x', 9000, 5000)`,
      anchor(1, 'final', { block_number: 3, block_time_ms: 4_000, mined_at_ms: 4_100, gas_used: 49_000 }),
      anchor(2, 'submitted', {
        transaction_hash: `'${hex('b')}'`,
        raw_transaction: `'${raw}'`,
        submitted_at_ms: 8,
      }),
      anchor(3, 'final', { block_number: 5, block_time_ms: 6_000, mined_at_ms: 6_100 }),
      ...[1, 2, 3].flatMap((id) => [leaf(id), inTree(id), signature(id)]),
      `insert into gateways (gateway_id, cooperative_id, public_key, registered_by, registered_at_ms)
        values ('gw-1', 'htx', '${'ab'.repeat(32)}', 'manager', 5)`,
      `insert into key_orders (gateway_id, action, state, queued_at_ms, chain_id, registry, transaction_hash,
        raw_transaction, submitted_at_ms) values ('gw-1', 'set_key', 'submitted', 5, 1, '${registry}', '${hex('7')}', '${raw}', 6)`,
    ];
    await withDatabaseOf('0013-stamps', rows, async (db) => {
      const ledger = createTransactionLedger(db);
      const place = { chainId: 1, registry };
      expect(await ledger.versionsOf({ kind: 'anchor', id: 2 }, place)).toMatchObject([
        { raw, signedAtMs: 8 },
      ]);
      const { order_id: id } = await db
        .selectFrom('chain_orders')
        .select('order_id')
        .executeTakeFirstOrThrow();
      expect(await ledger.versionsOf({ kind: 'order', id }, place)).toMatchObject([{ raw, signedAtMs: 6 }]);
      const anchors = await db
        .selectFrom('anchors')
        .select(['tree_id', 'state'])
        .orderBy('anchor_id')
        .execute();
      expect(anchors).toEqual([
        { tree_id: 1, state: 'final' },
        { tree_id: 2, state: 'submitted' },
        { tree_id: 3, state: 'final' },
      ]);
      // Anchored before the theft was; on its way, or anchored since, were not.
      const signed = await db
        .selectFrom('record_signatures')
        .select(['ref_id', 'disowned'])
        .orderBy('ref_id')
        .execute();
      expect(signed).toEqual([
        { ref_id: 'L1', disowned: false },
        { ref_id: 'L2', disowned: true },
        { ref_id: 'L3', disowned: true },
      ]);
    });
  });
});
