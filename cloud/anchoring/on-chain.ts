import type { Rpc } from '@nongtin/contracts/encoding';
import { Interface } from 'ethers';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import { asking, numberHex } from './ethereum.ts';

/** A tree of whose leaves this database knows nothing. */
interface UnknownTree {
  readonly root: string;
  readonly treeSize: number;
  readonly anchorer: string;
  readonly blockNumber: number;
}

interface Deployed {
  readonly anchorRegistry: string;
  readonly deployedAtBlock: number;
}

/** Blocks whose events are asked for at once: public nodes give no more than some thousands. */
const SPAN = 5_000;

const events = new Interface([
  'event Anchored(bytes32 indexed root, uint64 treeSize, address indexed anchorer)',
]);

/** What the contract has anchored, held against ours: how many trees it has, and which of them we do not know. */
export async function compareWithChain(
  db: Kysely<Schema>,
  rpc: Rpc,
  { anchorRegistry, deployedAtBlock }: Deployed,
): Promise<{ readonly onChain: number; readonly unknown: readonly UnknownTree[] }> {
  const ask = asking(rpc);
  const known = new Set((await db.selectFrom('anchors').select('root').execute()).map(({ root }) => root));
  const head = Number(await ask<string>('eth_blockNumber'));
  const topics = [events.getEvent('Anchored')?.topicHash];
  const trees: UnknownTree[] = [];
  for (let from = deployedAtBlock; from <= head; from += SPAN) {
    const [fromBlock, toBlock] = [numberHex(from), numberHex(Math.min(head, from + SPAN - 1))];
    const filter = { address: anchorRegistry, topics, fromBlock, toBlock };
    for (const log of await ask<Log[]>('eth_getLogs', filter)) trees.push(treeOf(log));
  }
  return { onChain: trees.length, unknown: trees.filter(({ root }) => !known.has(root)) };
}

interface Log {
  readonly topics: string[];
  readonly data: string;
  readonly blockNumber: string;
}

function treeOf(log: Log): UnknownTree {
  const [root, treeSize, anchorer] = events.decodeEventLog('Anchored', log.data, log.topics);
  return { root, treeSize: Number(treeSize), anchorer, blockNumber: Number(log.blockNumber) };
}
