import type { Rpc } from '@nongtin/contracts/encoding';
import { Interface } from 'ethers';
import {
  type Ask,
  asking,
  ChainProblem,
  CONFIRMATIONS,
  type ContractCall,
  fateOf,
  numberHex,
  paidBy,
  requireBlock,
  type SignedTransaction,
  sendSigned,
  signCall,
  viewOf,
} from '../anchoring/index.ts';
import type { KeyChange, OrderCall, OrderFinding, RegistryChain, Revocation } from './registry-chain.ts';

interface Deployment {
  readonly chainId: number;
  readonly cooperativeRegistry: string;
  readonly anchorRegistry: string;
}

export interface EthersRegistryOptions {
  readonly rpc: Rpc;
  /** Asked again at every tick: after a reset the chain may have other contracts. */
  readonly deployment: () => Deployment | undefined;
  /**
   * The key of the cooperative's admin: 32 bytes as hex with 0x; undefined while there is none. Not the anchorer's, which may
   * do nothing else; so each account has one process and one part of it that counts its nonces.
   */
  readonly adminKey: () => string | undefined;
  /** Default CONFIRMATIONS. */
  readonly confirmations?: number;
}

const registry = new Interface([
  'function setKey(bytes32 cooperativeId, bytes32 keyId, uint8 kind, bytes32 publicKeyHash)',
  'function revokeKey(bytes32 cooperativeId, bytes32 keyId, uint64 revokedFrom)',
  'function keyOf(bytes32 cooperativeId, bytes32 keyId) view returns (tuple(uint64 validFrom, uint64 revokedFrom, uint8 kind, bytes32 publicKeyHash))',
]);

const anchors = new Interface([
  'function revoke(bytes32 issuer, bytes32 leaf)',
  'function revokeRange(bytes32 issuer, bytes32 batchLeaf, uint32 from, uint32 to)',
  'function revokedAt(bytes32 issuer, bytes32 leaf) view returns (uint64 time)',
  'function revokedStamps(bytes32 issuer, bytes32 batchLeaf, uint32 word) view returns (uint256 bitmap)',
]);
/** Stamps in a word of the bitmap. */
const WORD = 256;

interface Key {
  /** Seconds since 1970; zero: not set, not revoked. */
  readonly validFrom: bigint;
  readonly revokedFrom: bigint;
  readonly publicKeyHash: string;
}

/** The CooperativeRegistry and the revocations of the AnchorRegistry, over JSON-RPC. */
export function createEthersRegistry(options: EthersRegistryOptions): RegistryChain {
  const ask = asking(options.rpc);
  const confirmations = options.confirmations ?? CONFIRMATIONS;
  return {
    view: async () => {
      const { chainId, cooperativeRegistry: contract } = requireDeployment(options);
      return viewOf(ask, { chainId, contract, key: options.adminKey() }, confirmations);
    },
    find: async (call, versions, finalized) => {
      // The head first: what is then found stands in it or below.
      const head = await requireBlock(ask, 'latest');
      const said = await isSaid(ask, requireDeployment(options), call, head.number);
      if (said === 'other_key' || said === 'no_key') return { kind: said };
      return said ? standing(ask, versions, Number(head.number)) : fateOf(ask, versions, finalized);
    },
    sign: async (call, terms) => signCall(ask, await contractCall(ask, options, call), terms),
    send: (transaction) => sendSigned(ask, transaction),
  };
}

function requireDeployment({ deployment }: EthersRegistryOptions): Deployment {
  const found = deployment();
  if (found === undefined)
    throw new ChainProblem(
      'no_deployment',
      'No contracts are deployed yet; nothing is sent before they are.',
    );
  const { chainId, cooperativeRegistry, anchorRegistry } = found;
  return {
    chainId,
    cooperativeRegistry: cooperativeRegistry.toLowerCase(),
    anchorRegistry: anchorRegistry.toLowerCase(),
  };
}

function isRevocation(call: OrderCall): call is Revocation {
  return call.action === 'revoke_leaf' || call.action === 'revoke_range';
}

async function isSaid(
  ask: Ask,
  { cooperativeRegistry, anchorRegistry }: Deployment,
  call: OrderCall,
  blockTag: string,
): Promise<boolean | 'other_key' | 'no_key'> {
  if (isRevocation(call)) return isRevoked(ask, anchorRegistry, call, blockTag);
  const key = await keyOf(ask, cooperativeRegistry, call, blockTag);
  const isSet = key.validFrom !== 0n;
  if (isSet && key.publicKeyHash !== call.publicKeyHash) return 'other_key';
  if (call.action === 'revoke_key' && !isSet) return 'no_key';
  return call.action === 'set_key' ? isSet : key.revokedFrom !== 0n;
}

async function isRevoked(
  ask: Ask,
  contract: string,
  { issuer, leaf, range }: Revocation,
  blockTag: string,
): Promise<boolean> {
  const read = async (view: 'revokedAt' | 'revokedStamps', ...args: readonly unknown[]) => {
    const data = anchors.encodeFunctionData(view, args);
    return BigInt(await ask<string>('eth_call', { to: contract, data }, blockTag));
  };
  if (range === undefined) return (await read('revokedAt', issuer, leaf)) !== 0n;
  for (let word = Math.floor(range.from / WORD); word <= Math.floor(range.to / WORD); word += 1) {
    const wanted = bitsOf(word, range);
    if (((await read('revokedStamps', issuer, leaf, word)) & wanted) !== wanted) return false;
  }
  return true;
}

/** Which bits of a word belong to the range. */
function bitsOf(word: number, { from, to }: { readonly from: number; readonly to: number }): bigint {
  const first = Math.max(0, from - word * WORD);
  const last = Math.min(WORD - 1, to - word * WORD);
  return ((1n << BigInt(last - first + 1)) - 1n) << BigInt(first);
}

async function standing(
  ask: Ask,
  versions: readonly SignedTransaction[],
  headNumber: number,
): Promise<OrderFinding> {
  for (const { hash } of [...versions].reverse()) {
    const found = await paidBy(ask, hash);
    if (found !== undefined) return { kind: 'standing', ...found };
  }
  return { kind: 'standing', blockNumber: headNumber, paid: undefined };
}

async function keyOf(ask: Ask, contract: string, change: KeyChange, blockTag: string): Promise<Key> {
  const { cooperativeId, keyId } = change;
  const data = registry.encodeFunctionData('keyOf', [cooperativeId, keyId]);
  const answer = await ask<string>('eth_call', { to: contract, data }, blockTag);
  const [key] = registry.decodeFunctionResult('keyOf', answer);
  return { validFrom: key.validFrom, revokedFrom: key.revokedFrom, publicKeyHash: key.publicKeyHash };
}

async function contractCall(
  ask: Ask,
  options: EthersRegistryOptions,
  call: OrderCall,
): Promise<ContractCall> {
  const { chainId, cooperativeRegistry, anchorRegistry } = requireDeployment(options);
  const key = options.adminKey();
  if (key === undefined) {
    const message = 'There is no key to act for the cooperative with; nothing is sent.';
    throw new ChainProblem('no_permission', message);
  }
  if (isRevocation(call)) {
    const { issuer, leaf, range } = call;
    const data =
      range === undefined
        ? anchors.encodeFunctionData('revoke', [issuer, leaf])
        : anchors.encodeFunctionData('revokeRange', [issuer, leaf, range.from, range.to]);
    return { chainId, contract: anchorRegistry, data, key, what: 'the revocation' };
  }
  const data = await keyData(ask, cooperativeRegistry, call);
  return { chainId, contract: cooperativeRegistry, data, key, what: 'the change of a key' };
}

async function keyData(ask: Ask, contract: string, change: KeyChange): Promise<string> {
  const { cooperativeId, keyId, keyKind, publicKeyHash } = change;
  if (change.action === 'set_key')
    return registry.encodeFunctionData('setKey', [cooperativeId, keyId, keyKind, publicKeyHash]);
  const { timestamp, number } = await requireBlock(ask, 'latest');
  const { validFrom } = await keyOf(ask, contract, change, numberHex(Number(number)));
  // The registry takes no time before the key or after the newest block, by whose time nothing has been anchored since.
  const wanted = BigInt(Math.floor(change.revokedFromMs / 1000));
  const newest = BigInt(timestamp);
  const from = wanted > newest ? newest : wanted;
  return registry.encodeFunctionData('revokeKey', [
    cooperativeId,
    keyId,
    from < validFrom ? validFrom : from,
  ]);
}
