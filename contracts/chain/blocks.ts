import type { JsonRpc } from './json-rpc.ts';

/** How far `finalized` is behind `latest` on our anvil. */
const FINALITY_BLOCKS = 2;

export async function blockNumber(rpc: JsonRpc): Promise<number> {
  return Number(await rpc('eth_blockNumber'));
}

/**
 * Mines so that all that is mined by now becomes final. Gives the block that is last if nothing else was mined
 * meanwhile; a higher one holds a transaction that is not final yet.
 */
export async function finalize(rpc: JsonRpc): Promise<number> {
  const before = await blockNumber(rpc);
  await rpc('anvil_mine', [`0x${FINALITY_BLOCKS.toString(16)}`]);
  return before + FINALITY_BLOCKS;
}
