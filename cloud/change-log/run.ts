import { join } from 'node:path';
import { createAccounts } from '@nongtin/accounts';
import { readDeployment, readDeploymentOf } from '@nongtin/contracts/chain';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { ChainProblem, compareWithChain, openEndpoints } from '../anchoring/index.ts';
import type { CloudConfig } from '../config.ts';
import { openKeyStore } from '../keystore/index.ts';
import { openRecords, type Schema } from '../records/index.ts';
import { LogFiles } from './log-files.ts';
import { rebuild } from './rebuild.ts';

type RebuildConfig = Pick<
  CloudConfig,
  'dataDir' | 'databaseUrl' | 'stampKeys' | 'chainFiles' | 'rpcUrls' | 'rpcQuorum'
>;

const silent = pino({ enabled: false });
/** Named one by one; of more it is told how many. */
const NAMED = 20;

/** The database of `config` from the log in `folder`, and what the chain says beyond it. Rejects with a StartProblem. */
export async function runRebuild(
  config: RebuildConfig,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  const { dataDir, databaseUrl } = config;
  const records = openRecords({
    dataDir,
    logger: silent,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  try {
    await records.start();
    const { db } = records;
    // Signs nothing here: only its tables have to be there.
    const secret = '0'.repeat(64);
    await createAccounts({ database: { db, type: 'postgres' }, secret, logger: silent }).start();
    const keyStore = openKeyStore({ folder: join(dataDir, 'cloud'), ...config.stampKeys });
    const { lines } = await rebuild({ db, files: new LogFiles(folder), keyStore, say });
    say(`${lines} changes read from ${folder}.`);
    say(`There again: ${await whatIsThere(db)}.`);
    await compare(config, db, say);
    say('What gateways have sent is read again from its store when the cloud starts.');
  } finally {
    await records.stop();
  }
}

async function whatIsThere(db: Kysely<Schema>): Promise<string> {
  // A tree has a row for each deployment that it was anchored on.
  const { rows } = await sql<Record<string, string>>`select
    (select count(*) from account_user) as people, (select count(*) from lots) as lots,
    (select count(*) from stamp_batches) as "stamp batches",
    (select count(*) from anchors where repeats_anchor_id is null) as trees`.execute(db);
  return Object.entries(rows[0] ?? {})
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

async function compare(
  config: RebuildConfig,
  db: Kysely<Schema>,
  say: (line: string) => void,
): Promise<void> {
  const { chainFiles, dataDir } = config;
  const deployment =
    chainFiles === undefined ? readDeployment(dataDir) : readDeploymentOf(chainFiles.deployment);
  if (deployment === undefined)
    return say('No deployment is known here: the trees were not held against a chain.');
  const { rpc } = openEndpoints(config, () => deployment.chainId);
  try {
    const { onChain, unknown } = await compareWithChain(db, rpc, deployment);
    say(`The chain has ${onChain} trees, of which ${onChain - unknown.length} are there again.`);
    if (unknown.length === 0) return;
    say(
      'The others were anchored after the last line of the log. Nothing of their records is left here but what people keep:',
    );
    for (const { root, treeSize, blockNumber, anchorer } of unknown.slice(0, NAMED))
      say(`  ${root} of ${treeSize} records, in block ${blockNumber}, by ${anchorer}`);
    if (unknown.length > NAMED) say(`  and ${unknown.length - NAMED} more`);
  } catch (error) {
    if (!(error instanceof ChainProblem)) throw error;
    say(`The trees were not held against the chain: ${error.message}`);
  }
}
