import type { JsonRpc } from './json-rpc.ts';

/** How far `finalized` is behind `latest` on our anvil. */
const FINALITY_BLOCKS = 2;

export async function blockNumber(rpc: JsonRpc): Promise<number> {
  return Number(await rpc('eth_blockNumber'));
}

/** Mines so that all that is mined by now becomes final. Gives the number of the last block. */
export async function finalize(rpc: JsonRpc): Promise<number> {
  await rpc('anvil_mine', [`0x${FINALITY_BLOCKS.toString(16)}`]);
  return blockNumber(rpc);
}
