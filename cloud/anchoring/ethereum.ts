import type { Rpc } from '@nongtin/contracts/encoding';
import { Transaction, Wallet } from 'ethers';
import {
  ChainProblem,
  type ChainView,
  type Finding,
  type GasPrice,
  type PaidTransaction,
  type SendOutcome,
  type SignedTransaction,
  type Terms,
} from './chain-port.ts';
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
/** Of a transaction that does nothing (yellow paper, appendix G). */
const EMPTY_GAS = 21_000n;

export interface Block {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
  readonly baseFeePerGas?: string;
}

export interface Receipt {
  /** 0x0: it failed, and was paid for. */
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
      if (error instanceof RpcError || error instanceof ChainProblem) throw error;
      throw new ChainProblem('unreachable', 'The chain does not answer; what waits is kept and sent later.', {
        cause: error,
      });
    }
  };
}

const rpcOf =
  (ask: Ask): Rpc =>
  (method, params) =>
    ask(method, ...params);

interface Place {
  readonly chainId: number;
  readonly contract: string;
  /** Of who signs: 32 bytes as hex with 0x. */
  readonly key: string | undefined;
}

/** Where the chain stands, once it is the right one and has the contract. */
export async function viewOf(
  ask: Ask,
  { chainId, contract, key }: Place,
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
    price: await priceOf(ask, head),
    account: key === undefined ? undefined : await accountOf(ask, key),
  };
}

async function accountOf(ask: Ask, key: string): Promise<ChainView['account']> {
  const address = new Wallet(key).address.toLowerCase();
  return { address, balanceWei: BigInt(await ask<string>('eth_getBalance', address, 'latest')) };
}

async function priceOf(ask: Ask, head: Block): Promise<GasPrice> {
  return { baseFeeWei: BigInt(head.baseFeePerGas ?? 0), tipWei: await priorityFee(ask) };
}

/** Of the transactions signed for an effect that is not there, oldest first; the newest nonce is the one that counts. */
export async function fateOf(
  ask: Ask,
  versions: readonly SignedTransaction[],
  finalized: number,
): Promise<Exclude<Finding, { kind: 'standing' }>> {
  const newest = versions.at(-1);
  if (newest === undefined) return { kind: 'lost' };
  // Read from the bytes: rows of earlier releases do not have them.
  const { from, nonce } = Transaction.from(newest.raw);
  for (const { hash, raw } of [...versions].reverse()) {
    if (Transaction.from(raw).nonce !== nonce) continue;
    const receipt = await receiptOf(ask, hash);
    // Succeeded, and the effect was not there a moment ago: it has just been mined; the next look sees it.
    if (receipt !== null && Number(receipt.status) === 1) return { kind: 'pending' };
    if (receipt !== null) return { kind: Number(receipt.blockNumber) <= finalized ? 'lost' : 'overtaken' };
    if ((await ask<object | null>('eth_getTransactionByHash', hash)) === null) continue;
    const next = await nonceOf(ask, from, 'latest');
    return next < nonce ? { kind: 'pending', nextNonce: next } : { kind: 'pending' };
  }
  const next = await nonceOf(ask, from, 'latest');
  if (next === nonce) return { kind: 'dropped' };
  if (next < nonce) return { kind: 'gap', nextNonce: next };
  const isForGood = await isUsedAt(ask, { from, nonce }, Math.max(0, finalized));
  return { kind: isForGood ? 'lost' : 'overtaken' };
}

/** A node that has no state of that block, having restarted or pruned it, cannot tell: then it may still be undone. */
async function isUsedAt(
  ask: Ask,
  { from, nonce }: { readonly from: string | null; readonly nonce: number },
  blockNumber: number,
): Promise<boolean> {
  try {
    return (await nonceOf(ask, from, numberHex(blockNumber))) > nonce;
  } catch (error) {
    if (error instanceof RpcError) return false;
    throw error;
  }
}

async function nonceOf(ask: Ask, address: string | null, blockTag: string): Promise<number> {
  return Number(await ask<string>('eth_getTransactionCount', address, blockTag));
}

/** A signed transaction, not sent. Rejects with a ChainProblem when it could not succeed, or not at the price allowed. */
export async function signCall(ask: Ask, call: ContractCall, terms: Terms): Promise<SignedTransaction> {
  const { chainId, contract, data } = call;
  const { replaces, fillsNonce } = terms;
  const wallet = new Wallet(call.key);
  const isFiller = fillsNonce !== undefined;
  const gas = isFiller ? EMPTY_GAS : await gasOf(ask, call);
  // A fifth more than estimated: unused gas is not paid.
  const gasLimit = isFiller ? gas : (gas * 6n) / 5n;
  const nonce =
    fillsNonce ??
    (replaces === undefined
      ? await nonceOf(ask, wallet.address, 'pending')
      : Transaction.from(replaces.raw).nonce);
  const fees = terms.feesFor(gasLimit);
  const raw = await wallet.signTransaction({
    ...{ type: 2, chainId, nonce, gasLimit },
    ...(isFiller ? { to: wallet.address } : { to: contract, data }),
    maxFeePerGas: fees.maxFeePerGasWei,
    maxPriorityFeePerGas: fees.maxPriorityFeePerGasWei,
  });
  const sender = wallet.address.toLowerCase();
  return { hash: Transaction.from(raw).hash ?? '', raw, sender, nonce, gasLimit, fees };
}

/** What the call would use, estimated. Rejects with a ChainProblem when it would fail. */
export function gasOf(ask: Ask, { key, contract, data, what }: ContractCall): Promise<bigint> {
  return estimateGas(ask, { from: new Wallet(key).address, to: contract, data }, what);
}

async function estimateGas(ask: Ask, call: object, what: string): Promise<bigint> {
  try {
    // Of what is mined alone: a version of the same call that waits in the pool would make this one fail.
    return BigInt(await ask<string>('eth_estimateGas', call, 'latest'));
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

/** May be repeated with the same transaction. */
export async function sendSigned(ask: Ask, transaction: SignedTransaction): Promise<SendOutcome> {
  try {
    await ask('eth_sendRawTransaction', transaction.raw);
    return 'sent';
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    if (isAboutFunds(error)) throw noFunds(error);
    // The words of geth, anvil, besu, nethermind and erigon. With the nonce used, the next look tells what by.
    const alreadyThere = /already (known|imported|in)|known transaction|nonce too low|alreadyknown/i;
    if (alreadyThere.test(error.message)) return 'sent';
    const tooCheap =
      /underpriced|fee too low|feetoolow|gas price (is )?(too low|below)|(tip|fee) .*(below|less than|lower than)/i;
    return tooCheap.test(error.message) ? 'underpriced' : 'refused';
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

/** Where a transaction that succeeded is, and what it cost; undefined: it is in no block, or failed. */
export async function paidBy(
  ask: Ask,
  transactionHash: string,
): Promise<{ blockNumber: number; paid: PaidTransaction } | undefined> {
  const receipt = await receiptOf(ask, transactionHash);
  if (receipt === null || Number(receipt.status) !== 1) return undefined;
  return { blockNumber: Number(receipt.blockNumber), paid: paidFor(receipt) };
}

export function paidFor(receipt: Receipt): PaidTransaction {
  return {
    hash: receipt.transactionHash,
    gasUsed: BigInt(receipt.gasUsed),
    gasPriceWei: BigInt(receipt.effectiveGasPrice ?? 0),
  };
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
