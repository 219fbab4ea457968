import { fromHex } from './bytes.ts';
import { type ContractQuestion, type ReadingProblem, type Rpc, readContract } from './read-contract.ts';

/** Asked of the AnchorRegistry. */
export interface AnchorQuestion extends ContractQuestion {
  readonly root: string;
}

/**
 * anchored: the root stands on the chain, with the time of its block (ms since 1970), the tree's size, the block.
 * missing: the contract answers and does not know the root.
 */
export type AnchorReading =
  | {
      readonly kind: 'anchored';
      readonly anchoredAtMs: number;
      readonly treeSize: number;
      readonly blockNumber: number;
    }
  | { readonly kind: 'missing' }
  | ReadingProblem;

/** Reads a root's anchor by three plain calls. Never rejects. */
export function readAnchor(rpc: Rpc, question: AnchorQuestion): Promise<AnchorReading> {
  return readContract<AnchorReading>(rpc, question, async (view) => {
    const anchor = await view('anchorOf(bytes32)', [fromHex(question.root, 32)], 3);
    // Nothing at all: at that block the contract was not there yet, so neither was the root.
    const time = anchor?.number(0) ?? 0;
    if (anchor === undefined || time === 0) return { kind: 'missing' };
    return {
      kind: 'anchored',
      anchoredAtMs: time * 1000,
      treeSize: anchor.number(1),
      blockNumber: anchor.number(2),
    };
  });
}
