import type { Rpc } from '@nongtin/contracts/encoding';
import { Transaction, Wallet } from 'ethers';
import { ChainProblem, type ChainView, type SignedAnchor } from './chain-port.ts';
import { finalizedNumber } from './finality.ts';
import { RpcError } from './http-rpc.ts';

/**
 * An Ethereum chain over JSON-RPC, whatever is called on it. ethers encodes and signs; the questions are plain calls, so that
 * what is believed about a block rests on block numbers and hashes we have read ourselves, and nothing polls or caches
 * behind our back.
 */
export type Ask = <T>(method: string, ...params: readonly unknown[]) => Promise<T>;

/** Blocks behind the head that count as final where the chain does not know the tag `finalized`. */
export const CONFIRMATIONS = 12;
const GWEI = 10n ** 9n;

export interface Block {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
  readonly baseFeePerGas?: string;
}

export interface Receipt {
  readonly status: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly gasUsed: string;
  readonly effectiveGasPrice?: string;
}

/** A call of a contract that costs gas, and who pays it. */
export interface ContractCall {
  readonly chainId: number;
  readonly contract: string;
  /** Encoded function and arguments. */
  readonly data: string;
  /** 32 bytes as hex with 0x. Whoever signs with one key must be the only one who does: nonces follow each other. */
  readonly key: string;
  /** What the call is, for the sentence that says it is refused: 'the anchor'. */
  readonly what: string;
}

/** No answer is `unreachable`; an error that the chain answers with stays what it is. */
export function asking(rpc: Rpc): Ask {
  return async <T>(method: string, ...params: readonly unknown[]) => {
    try {
      return (await rpc(method, params)) as T;
    } catch (error) {
      if (error instanceof RpcError) throw error;
      throw new ChainProblem('unreachable', 'The chain does not answer; what waits is kept and sent later.', {
        cause: error,
      });
    }
  };
}

export const rpcOf =
  (ask: Ask): Rpc =>
  (method, params) =>
    ask(method, ...params);

/** Where the chain stands, once it is the right one and has the contract. */
export async function viewOf(
  ask: Ask,
  { chainId, contract }: { readonly chainId: number; readonly contract: string },
  confirmations: number,
  blockNumber?: number,
): Promise<ChainView> {
  const answered = Number(await ask<string>('eth_chainId'));
  if (answered !== chainId) {
    const message = `The endpoint answers for chain ${answered}, the contracts are deployed on ${chainId}; nothing is sent.`;
    throw new ChainProblem('wrong_chain', message);
  }
  if ((await ask<string>('eth_getCode', contract, 'latest')) === '0x') {
    throw new ChainProblem('no_contract', `The chain has no contract at ${contract}; nothing is sent.`);
  }
  const head = await requireBlock(ask, 'latest');
  const headNumber = Number(head.number);
  const known = blockNumber === undefined ? null : await readBlock(ask, numberHex(blockNumber));
  return {
    chainId,
    registry: contract,
    headNumber,
    finalizedNumber: await finalizedNumber(rpcOf(ask), headNumber, confirmations),
    blockHash: known?.hash,
  };
}

/** Of a transaction whose effect is not there. */
export async function fateOf(ask: Ask, transaction: SignedAnchor): Promise<'pending' | 'unknown' | 'lost'> {
  const receipt = await receiptOf(ask, transaction.hash);
  // Succeeded, and the effect was not there a moment ago: it has just been mined; the next look sees it.
  if (receipt !== null) return Number(receipt.status) === 1 ? 'pending' : 'lost';
  const known = await ask<object | null>('eth_getTransactionByHash', transaction.hash);
  if (known !== null) return 'pending';
  const { from, nonce } = Transaction.from(transaction.raw);
  const used = Number(await ask<string>('eth_getTransactionCount', from, 'latest'));
  return used > nonce ? 'lost' : 'unknown';
}

/** A signed transaction, not sent. Rejects with a ChainProblem when it could not succeed. */
export async function signCall(ask: Ask, call: ContractCall): Promise<SignedAnchor> {
  const { chainId, contract, data } = call;
  const wallet = new Wallet(call.key);
  const gas = await estimateGas(ask, { from: wallet.address, to: contract, data }, call.what);
  const nonce = Number(await ask<string>('eth_getTransactionCount', wallet.address, 'pending'));
  const { baseFeePerGas } = await requireBlock(ask, 'latest');
  const tip = await priorityFee(ask);
  const raw = await wallet.signTransaction({
    type: 2,
    chainId,
    nonce,
    to: contract,
    data,
    // A fifth more than estimated: unused gas is not paid.
    gasLimit: (gas * 6n) / 5n,
    maxFeePerGas: 2n * BigInt(baseFeePerGas ?? 0) + tip,
    maxPriorityFeePerGas: tip,
  });
  return { hash: Transaction.from(raw).hash ?? '', raw };
}

async function estimateGas(ask: Ask, call: object, what: string): Promise<bigint> {
  try {
    return BigInt(await ask<string>('eth_estimateGas', call));
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    if (isAboutFunds(error)) throw noFunds(error);
    const message = `The contract refuses ${what} (${error.message}); nothing is sent.`;
    throw new ChainProblem('no_permission', message, { cause: error });
  }
}

async function priorityFee(ask: Ask): Promise<bigint> {
  try {
    return BigInt(await ask<string>('eth_maxPriorityFeePerGas'));
  } catch (error) {
    if (error instanceof RpcError) return GWEI;
    throw error;
  }
}

/** May be repeated with the same transaction. `refused`: this node will not take it as it is. */
export async function sendSigned(ask: Ask, transaction: SignedAnchor): Promise<'sent' | 'refused'> {
  try {
    await ask('eth_sendRawTransaction', transaction.raw);
    return 'sent';
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    if (isAboutFunds(error)) throw noFunds(error);
    // The words of geth, anvil, besu, nethermind and erigon. With the nonce used, the next look tells what by.
    const alreadyThere = /already (known|imported|in)|known transaction|nonce too low|alreadyknown/i;
    return alreadyThere.test(error.message) ? 'sent' : 'refused';
  }
}

function isAboutFunds(error: RpcError): boolean {
  return /insufficient funds|insufficient balance|not enough funds/i.test(error.message);
}

function noFunds(cause: RpcError): ChainProblem {
  const message = 'The account that signs cannot pay for gas: send it some; nothing is lost meanwhile.';
  return new ChainProblem('no_funds', message, { cause });
}

export function receiptOf(ask: Ask, transactionHash: string): Promise<Receipt | null> {
  return ask<Receipt | null>('eth_getTransactionReceipt', transactionHash);
}

function readBlock(ask: Ask, tag: string): Promise<Block | null> {
  return ask<Block | null>('eth_getBlockByNumber', tag, false);
}

export async function requireBlock(ask: Ask, tag: string): Promise<Block> {
  const block = await readBlock(ask, tag);
  // A reorg between two questions: nothing is concluded from half a picture.
  if (block === null) throw new ChainProblem('unreachable', `The chain has no block ${tag} just now.`);
  return block;
}

export function numberHex(value: number): string {
  return `0x${value.toString(16)}`;
}
