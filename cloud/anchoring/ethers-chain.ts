import { type AnchorReading, type Rpc, readAnchor } from '@nongtin/contracts/encoding';
import { Interface, Transaction, Wallet } from 'ethers';
import {
  type AnchorBlock,
  type ChainPort,
  ChainProblem,
  type ChainView,
  type Finding,
  type SignedAnchor,
} from './chain-port.ts';
import { finalizedNumber } from './finality.ts';
import { RpcError } from './http-rpc.ts';

/** The part of a deployment that the anchorer needs. */
interface AnchorDeployment {
  readonly chainId: number;
  readonly anchorRegistry: string;
}

export interface EthersChainOptions {
  readonly rpc: Rpc;
  /** Asked again at every tick: after a reset the chain may have other contracts. */
  readonly deployment: () => AnchorDeployment | undefined;
  /** The key that may anchor: 32 bytes as hex with 0x; undefined while there is none. */
  readonly anchorerKey: () => string | undefined;
  /** Default CONFIRMATIONS. */
  readonly confirmations?: number;
}

const registryInterface = new Interface([
  'function anchor(bytes32 root, uint64 treeSize)',
  'event Anchored(bytes32 indexed root, uint64 treeSize, address indexed anchorer)',
]);
const ANCHORED_TOPIC = registryInterface.getEvent('Anchored')?.topicHash ?? '';
/** Blocks behind the head that count as final where the chain does not know the tag `finalized`. */
export const CONFIRMATIONS = 12;
const GWEI = 10n ** 9n;

/**
 * The chain over JSON-RPC. ethers encodes and signs; the questions are plain calls, so that what is believed about a
 * block rests on block numbers and hashes we have read ourselves, and nothing polls or caches behind our back.
 */
export function createEthersChain(options: EthersChainOptions): ChainPort {
  const ask = asking(options.rpc);
  return {
    view: (blockNumber) => view(ask, options, blockNumber),
    find: (root, transaction) => find(ask, requireDeployment(options), root, transaction),
    sign: (root, treeSize) => sign(ask, options, root, treeSize),
    send: (transaction) => send(options.rpc, transaction),
  };
}

type Ask = <T>(method: string, ...params: readonly unknown[]) => Promise<T>;

interface Block {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
  readonly baseFeePerGas?: string;
}

interface Receipt {
  readonly status: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly gasUsed: string;
  readonly effectiveGasPrice?: string;
}

/** No answer is `unreachable`; an error that the chain answers with stays what it is. */
function asking(rpc: Rpc): Ask {
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

const rpcOf =
  (ask: Ask): Rpc =>
  (method, params) =>
    ask(method, ...params);

function requireDeployment(options: EthersChainOptions): AnchorDeployment {
  const deployment = options.deployment();
  if (deployment === undefined) {
    throw new ChainProblem(
      'no_deployment',
      'No contracts are deployed yet; nothing is sent before they are.',
    );
  }
  return { chainId: deployment.chainId, anchorRegistry: deployment.anchorRegistry.toLowerCase() };
}

async function view(ask: Ask, options: EthersChainOptions, blockNumber?: number): Promise<ChainView> {
  const { chainId, anchorRegistry } = requireDeployment(options);
  const answered = Number(await ask<string>('eth_chainId'));
  if (answered !== chainId) {
    const message = `The endpoint answers for chain ${answered}, the contracts are deployed on ${chainId}; nothing is sent.`;
    throw new ChainProblem('wrong_chain', message);
  }
  if ((await ask<string>('eth_getCode', anchorRegistry, 'latest')) === '0x') {
    throw new ChainProblem('no_contract', `The chain has no contract at ${anchorRegistry}; nothing is sent.`);
  }
  const head = await requireBlock(ask, 'latest');
  const headNumber = Number(head.number);
  const known = blockNumber === undefined ? null : await readBlock(ask, numberHex(blockNumber));
  return {
    chainId,
    registry: anchorRegistry,
    headNumber,
    finalizedNumber: await finalizedNumber(rpcOf(ask), headNumber, options.confirmations ?? CONFIRMATIONS),
    blockHash: known?.hash,
  };
}

async function find(
  ask: Ask,
  deployment: AnchorDeployment,
  root: string,
  transaction?: SignedAnchor,
): Promise<Finding> {
  const contract = deployment.anchorRegistry;
  const reading = await readAnchor(rpcOf(ask), { chainId: deployment.chainId, contract, root });
  if (reading.kind === 'anchored') {
    const block = await blockOf(ask, contract, root, reading.blockNumber);
    return { kind: 'standing', block };
  }
  if (reading.kind !== 'missing') throw problemOf(reading);
  return { kind: transaction === undefined ? 'lost' : await fateOf(ask, transaction) };
}

function problemOf(reading: Exclude<AnchorReading, { kind: 'anchored' | 'missing' }>): ChainProblem {
  const messages = {
    unreachable: 'The chain does not answer; what waits is kept and sent later.',
    wrong_chain: 'The endpoint answers for another chain; nothing is sent.',
    no_contract: 'The chain has no contract at the deployed address; nothing is sent.',
  };
  return new ChainProblem(reading.kind, messages[reading.kind]);
}

async function blockOf(ask: Ask, registry: string, root: string, number: number): Promise<AnchorBlock> {
  const at = numberHex(number);
  const block = await requireBlock(ask, at);
  const filter = { address: registry, topics: [ANCHORED_TOPIC, root], fromBlock: at, toBlock: at };
  const [log] = await ask<{ transactionHash: string }[]>('eth_getLogs', filter);
  const receipt =
    log === undefined ? null : await ask<Receipt | null>('eth_getTransactionReceipt', log.transactionHash);
  return {
    number,
    hash: block.hash,
    timeMs: Number(block.timestamp) * 1000,
    transaction:
      receipt === null
        ? null
        : {
            hash: receipt.transactionHash,
            gasUsed: BigInt(receipt.gasUsed),
            gasPriceWei: BigInt(receipt.effectiveGasPrice ?? 0),
          },
  };
}

/** Of a transaction whose root does not stand. */
async function fateOf(ask: Ask, transaction: SignedAnchor): Promise<'pending' | 'unknown' | 'lost'> {
  const receipt = await ask<Receipt | null>('eth_getTransactionReceipt', transaction.hash);
  // Succeeded, and the root was not there a moment ago: it has just been mined; the next look sees it.
  if (receipt !== null) return Number(receipt.status) === 1 ? 'pending' : 'lost';
  const known = await ask<object | null>('eth_getTransactionByHash', transaction.hash);
  if (known !== null) return 'pending';
  const { from, nonce } = Transaction.from(transaction.raw);
  const used = Number(await ask<string>('eth_getTransactionCount', from, 'latest'));
  return used > nonce ? 'lost' : 'unknown';
}

async function sign(
  ask: Ask,
  options: EthersChainOptions,
  root: string,
  treeSize: number,
): Promise<SignedAnchor> {
  const { chainId, anchorRegistry } = requireDeployment(options);
  const wallet = new Wallet(requireKey(options));
  const data = registryInterface.encodeFunctionData('anchor', [root, treeSize]);
  const gas = await estimateGas(ask, { from: wallet.address, to: anchorRegistry, data });
  const nonce = Number(await ask<string>('eth_getTransactionCount', wallet.address, 'pending'));
  const { baseFeePerGas } = await requireBlock(ask, 'latest');
  const tip = await priorityFee(ask);
  const raw = await wallet.signTransaction({
    type: 2,
    chainId,
    nonce,
    to: anchorRegistry,
    data,
    // A fifth more than estimated: unused gas is not paid.
    gasLimit: (gas * 6n) / 5n,
    maxFeePerGas: 2n * BigInt(baseFeePerGas ?? 0) + tip,
    maxPriorityFeePerGas: tip,
  });
  return { hash: Transaction.from(raw).hash ?? '', raw };
}

function requireKey(options: EthersChainOptions): string {
  const key = options.anchorerKey();
  if (key !== undefined) return key;
  throw new ChainProblem('no_permission', 'There is no key to anchor with; nothing is sent.');
}

async function estimateGas(ask: Ask, call: object): Promise<bigint> {
  try {
    return BigInt(await ask<string>('eth_estimateGas', call));
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    if (isAboutFunds(error)) throw noFunds(error);
    const message = `The contract refuses the anchor (${error.message}); nothing is sent.`;
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

async function send(rpc: Rpc, transaction: SignedAnchor): Promise<'sent' | 'refused'> {
  try {
    await asking(rpc)('eth_sendRawTransaction', transaction.raw);
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
  const message = "The anchorer's account cannot pay for gas: send it some; nothing is lost meanwhile.";
  return new ChainProblem('no_funds', message, { cause });
}

function readBlock(ask: Ask, tag: string): Promise<Block | null> {
  return ask<Block | null>('eth_getBlockByNumber', tag, false);
}

async function requireBlock(ask: Ask, tag: string): Promise<Block> {
  const block = await readBlock(ask, tag);
  // A reorg between two questions: nothing is concluded from half a picture.
  if (block === null) throw new ChainProblem('unreachable', `The chain has no block ${tag} just now.`);
  return block;
}

function numberHex(value: number): string {
  return `0x${value.toString(16)}`;
}
