import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromHex, type Hex, toHex } from './bytes.ts';

/** One JSON-RPC call: the result, or a rejection when there is no answer or the answer is an error. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

export interface ContractQuestion {
  readonly chainId: number;
  /** The contract's address. */
  readonly contract: string;
  /** Ask as of this block, or the one of this number (hex); `finalized` answers only what cannot be undone any more. Default `latest`. */
  readonly blockTag?: 'latest' | 'safe' | 'finalized' | Hex;
}

/**
 * wrong_chain, no_contract: whoever answers does not speak for this chain or contract; says nothing about what was asked.
 * unreachable: no usable answer; says nothing either.
 */
export type ReadingProblem =
  | { readonly kind: 'wrong_chain'; readonly chainId: number }
  | { readonly kind: 'no_contract' }
  | { readonly kind: 'unreachable'; readonly message: string };

/**
 * One view by its signature, each argument a word of 32 bytes. The answer's words, as many as `answerWords`; undefined when
 * there was no contract yet at that block.
 */
export type View = (
  signature: string,
  args: readonly Uint8Array[],
  answerWords: number,
) => Promise<Words | undefined>;

/** What a view has answered, word by word. */
interface Words {
  /** 32 bytes. */
  bytes(index: number): Uint8Array;
  /** Of a word that holds an unsigned number below 2^53. */
  number(index: number): number;
}

/** Asks a contract by plain calls, so that a browser needs no chain library. Never rejects. */
export async function readContract<Reading>(
  rpc: Rpc,
  question: ContractQuestion,
  read: (view: View) => Promise<Reading>,
): Promise<Reading | ReadingProblem> {
  try {
    const chainId = Number(asHex(await rpc('eth_chainId', [])));
    if (chainId !== question.chainId) return { kind: 'wrong_chain', chainId };
    if (asHex(await rpc('eth_getCode', [question.contract, 'latest'])) === '0x')
      return { kind: 'no_contract' };
    return await read((signature, args, answerWords) =>
      view(rpc, question, { signature, args, answerWords }),
    );
  } catch (error) {
    return { kind: 'unreachable', message: error instanceof Error ? error.message : String(error) };
  }
}

/** An unsigned number as abi.encode writes it. */
export function numberWord(value: number): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, '0')}`, 32);
}

async function view(
  rpc: Rpc,
  { contract, blockTag }: ContractQuestion,
  asked: { signature: string; args: readonly Uint8Array[]; answerWords: number },
): Promise<Words | undefined> {
  const selector = keccak_256(utf8ToBytes(asked.signature)).subarray(0, 4);
  const call = { to: contract, data: toHex(concatBytes(selector, ...asked.args)) };
  const answer = asHex(await rpc('eth_call', [call, blockTag ?? 'latest']));
  if (answer === '0x') return undefined;
  const bytes = fromHex(answer, 32 * asked.answerWords);
  const word = (index: number) => bytes.subarray(32 * index, 32 * index + 32);
  return { bytes: word, number: (index) => smallNumber(word(index)) };
}

function smallNumber(word: Uint8Array): number {
  const value = BigInt(toHex(word));
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RangeError('the contract answers with absurd numbers');
  return Number(value);
}

function asHex(answer: unknown): Hex {
  if (typeof answer !== 'string' || !answer.startsWith('0x')) throw new TypeError('the answer is not hex');
  return answer as Hex;
}
