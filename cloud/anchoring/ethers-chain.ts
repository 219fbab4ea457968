import { type AnchorReading, type Rpc, readAnchor } from '@nongtin/contracts/encoding';
import { Interface } from 'ethers';
import {
  type AnchorBlock,
  type AnchorCall,
  type ChainPort,
  ChainProblem,
  type Finding,
  type SignedTransaction,
} from './chain-port.ts';
import {
  type Ask,
  asking,
  CONFIRMATIONS,
  type ContractCall,
  fateOf,
  gasOf,
  numberHex,
  paidFor,
  receiptOf,
  requireBlock,
  sendSigned,
  signCall,
  viewOf,
} from './ethereum.ts';

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

export interface EthersChain extends ChainPort {
  /** What anchoring such a tree would use, without signing or sending anything. Rejects as `sign` does. */
  gasOf(anchor: AnchorCall): Promise<bigint>;
}

/** The chain of the anchors, over JSON-RPC. */
export function createEthersChain(options: EthersChainOptions): EthersChain {
  const ask = asking(options.rpc);
  const confirmations = options.confirmations ?? CONFIRMATIONS;
  return {
    view: async (blockNumber) => {
      const { chainId, anchorRegistry: contract } = requireDeployment(options);
      return viewOf(ask, { chainId, contract, key: options.anchorerKey() }, confirmations, blockNumber);
    },
    find: async (root, versions, finalized) =>
      find(ask, requireDeployment(options), { root, versions, finalized }),
    sign: async (anchor, terms) => signCall(ask, callOf(options, anchor), terms),
    send: (transaction) => sendSigned(ask, transaction),
    gasOf: async (anchor) => gasOf(ask, callOf(options, anchor)),
  };
}

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

interface Question {
  readonly root: string;
  readonly versions: readonly SignedTransaction[];
  readonly finalized: number;
}

async function find(
  ask: Ask,
  deployment: AnchorDeployment,
  { root, versions, finalized }: Question,
): Promise<Finding> {
  const contract = deployment.anchorRegistry;
  let problem: unknown;
  const rpc: Rpc = (method, params) =>
    ask(method, ...params).catch((error) => {
      problem = error;
      throw error;
    });
  const reading = await readAnchor(rpc, { chainId: deployment.chainId, contract, root });
  if (reading.kind === 'anchored') {
    const block = await blockOf(ask, contract, root, reading.blockNumber);
    return { kind: 'standing', block };
  }
  // It says more than the reading does: that endpoints contradict each other is not that none answers.
  if (reading.kind === 'unreachable' && problem instanceof ChainProblem) throw problem;
  if (reading.kind !== 'missing') throw problemOf(reading);
  return fateOf(ask, versions, finalized);
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
  const receipt = log === undefined ? null : await receiptOf(ask, log.transactionHash);
  return {
    number,
    hash: block.hash,
    timeMs: Number(block.timestamp) * 1000,
    transaction: receipt === null ? null : paidFor(receipt),
  };
}

function callOf(options: EthersChainOptions, { root, treeSize }: AnchorCall): ContractCall {
  const { chainId, anchorRegistry: contract } = requireDeployment(options);
  const data = registryInterface.encodeFunctionData('anchor', [root, treeSize]);
  return { chainId, contract, data, key: requireKey(options), what: 'the anchor' };
}

function requireKey(options: EthersChainOptions): string {
  const key = options.anchorerKey();
  if (key !== undefined) return key;
  throw new ChainProblem('no_permission', 'There is no key to anchor with; nothing is sent.');
}
