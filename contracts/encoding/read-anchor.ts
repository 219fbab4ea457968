import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromHex, type Hex, toHex } from './bytes.ts';

/** One JSON-RPC call: the result, or a rejection when there is no answer or the answer is an error. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

export interface AnchorQuestion {
  readonly chainId: number;
  /** The AnchorRegistry's address. */
  readonly contract: string;
  readonly root: string;
  /** Ask as of this block; `finalized` answers only what cannot be undone any more. */
  readonly blockTag?: 'latest' | 'safe' | 'finalized';
}

/**
 * anchored: the root stands on the chain, with the time of its block (ms since 1970), the tree's size, the block.
 * missing: the contract answers and does not know the root.
 * wrong_chain, no_contract: whoever answers does not speak for this chain or contract; says nothing about the root.
 * unreachable: no usable answer; says nothing about the root either.
 */
export type AnchorReading =
  | {
      readonly kind: 'anchored';
      readonly anchoredAtMs: number;
      readonly treeSize: number;
      readonly blockNumber: number;
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'wrong_chain'; readonly chainId: number }
  | { readonly kind: 'no_contract' }
  | { readonly kind: 'unreachable'; readonly message: string };

const ANCHOR_OF = keccak_256(utf8ToBytes('anchorOf(bytes32)')).subarray(0, 4);

/** Reads a root's anchor by three plain calls, so that a browser needs no chain library. Never rejects. */
export async function readAnchor(rpc: Rpc, question: AnchorQuestion): Promise<AnchorReading> {
  try {
    const chainId = Number(asHex(await rpc('eth_chainId', [])));
    if (chainId !== question.chainId) return { kind: 'wrong_chain', chainId };
    if (asHex(await rpc('eth_getCode', [question.contract, 'latest'])) === '0x')
      return { kind: 'no_contract' };
    const data = toHex(concatBytes(ANCHOR_OF, fromHex(question.root, 32)));
    const call = { to: question.contract, data };
    return decodeAnchor(asHex(await rpc('eth_call', [call, question.blockTag ?? 'latest'])));
  } catch (error) {
    return { kind: 'unreachable', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Three words: time in seconds, tree size, block number; zeros for an unknown root. */
function decodeAnchor(answer: Hex): AnchorReading {
  // Nothing at all: at that block the contract was not there yet, so neither was the root.
  if (answer === '0x') return { kind: 'missing' };
  const bytes = fromHex(answer, 96);
  const time = smallNumber(bytes, 0);
  if (time === 0) return { kind: 'missing' };
  return {
    kind: 'anchored',
    anchoredAtMs: time * 1000,
    treeSize: smallNumber(bytes, 1),
    blockNumber: smallNumber(bytes, 2),
  };
}

function smallNumber(words: Uint8Array, index: number): number {
  const value = BigInt(toHex(words.subarray(32 * index, 32 * index + 32)));
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RangeError('the contract answers with absurd numbers');
  return Number(value);
}

function asHex(answer: unknown): Hex {
  if (typeof answer !== 'string' || !answer.startsWith('0x')) throw new TypeError('the answer is not hex');
  return answer as Hex;
}
