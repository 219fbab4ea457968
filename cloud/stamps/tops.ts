import { type BatchRecord, toHex } from '@nongtin/contracts/encoding';
import { StartProblem } from '@nongtin/service';
import type { Kysely } from 'kysely';
import type { KeyStore } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { writeTop } from './batch-store.ts';
import { rootOf } from './level-tree.ts';
import { createTreeBuilder } from './tree-builder.ts';

/**
 * The top of a batch's tree made again of its secret, where only that is left. Throws a StartProblem when the key store does not
 * open the secret, or the root is not the one of the batch's record.
 */
export async function rebuildTop(db: Kysely<Schema>, keyStore: KeyStore, batchNumber: number): Promise<void> {
  const row = await db
    .selectFrom('stamp_batches')
    .select(['record', 'wrapped_secret'])
    .where('batch_number', '=', batchNumber)
    .executeTakeFirstOrThrow();
  const record = JSON.parse(row.record) as BatchRecord;
  const secret = await keyStore.unwrap(row.wrapped_secret, record.batchNumber).catch((error: unknown) => {
    const message = `The key store does not open the secret of batch ${batchNumber}: put its key (stamps.key, or stamps.keyring.json with its passphrase, or the key service) back first.`;
    throw new StartProblem(message, { cause: error });
  });
  const { cooperativeId, gtin14, stampCount } = record;
  const seed = { secret, cooperativeId, gtin14, batchNumber };
  const upper = await createTreeBuilder()(seed, stampCount).finally(() => secret.fill(0));
  if (toHex(rootOf(upper)) !== record.stampRoot)
    throw new StartProblem(
      `Batch ${batchNumber} is not the one that was signed: its secret gives another root.`,
    );
  await writeTop(db, batchNumber, upper);
}
