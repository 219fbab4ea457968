import { type AnchorReading, type Rpc, readAnchor } from '@nongtin/contracts/encoding';
import { Interface } from 'ethers';
import {
  type AnchorBlock,
  type ChainPort,
  ChainProblem,
  type Finding,
  type SignedAnchor,
} from './chain-port.ts';
import {
  type Ask,
  asking,
  CONFIRMATIONS,
  fateOf,
  numberHex,
  receiptOf,
  requireBlock,
  rpcOf,
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

/** The chain of the anchors, over JSON-RPC. */
export function createEthersChain(options: EthersChainOptions): ChainPort {
  const ask = asking(options.rpc);
  const confirmations = options.confirmations ?? CONFIRMATIONS;
  return {
    view: async (blockNumber) => {
      const { chainId, anchorRegistry: contract } = requireDeployment(options);
      return viewOf(ask, { chainId, contract }, confirmations, blockNumber);
    },
    find: async (root, transaction) => find(ask, requireDeployment(options), root, transaction),
    sign: (root, treeSize) => sign(ask, options, root, treeSize),
    send: (transaction) => sendSigned(ask, transaction),
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
  const receipt = log === undefined ? null : await receiptOf(ask, log.transactionHash);
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

async function sign(
  ask: Ask,
  options: EthersChainOptions,
  root: string,
  treeSize: number,
): Promise<SignedAnchor> {
  const { chainId, anchorRegistry: contract } = requireDeployment(options);
  const data = registryInterface.encodeFunctionData('anchor', [root, treeSize]);
  return signCall(ask, { chainId, contract, data, key: requireKey(options), what: 'the anchor' });
}

function requireKey(options: EthersChainOptions): string {
  const key = options.anchorerKey();
  if (key !== undefined) return key;
  throw new ChainProblem('no_permission', 'There is no key to anchor with; nothing is sent.');
}
