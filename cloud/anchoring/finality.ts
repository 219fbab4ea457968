import type { Rpc } from '@nongtin/contracts/encoding';
import { RpcError } from './http-rpc.ts';

/**
 * Number of the newest block that cannot be undone any more: the chain's own `finalized` block, or, where the chain
 * does not know that tag, the one `confirmations` blocks behind the head. No answer is no reason to count instead:
 * then it rejects as the call did.
 */
export async function finalizedNumber(rpc: Rpc, headNumber: number, confirmations: number): Promise<number> {
  try {
    const block = (await rpc('eth_getBlockByNumber', ['finalized', false])) as { number: string } | null;
    if (block !== null) return Number(block.number);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
  }
  return headNumber - confirmations;
}
