import { keyKinds, type Rpc } from '@nongtin/contracts/encoding';
import { Interface } from 'ethers';
import {
  type Ask,
  asking,
  ChainProblem,
  CONFIRMATIONS,
  fateOf,
  numberHex,
  receiptOf,
  requireBlock,
  sendSigned,
  signCall,
  viewOf,
} from '../anchoring/index.ts';
import type { KeyChange, KeyFinding, RegistryChain, SignedTransaction } from './registry-chain.ts';

export interface EthersRegistryOptions {
  readonly rpc: Rpc;
  /** Asked again at every tick: after a reset the chain may have other contracts. */
  readonly deployment: () => { readonly chainId: number; readonly cooperativeRegistry: string } | undefined;
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

interface Key {
  /** Seconds since 1970; zero: not set, not revoked. */
  readonly validFrom: bigint;
  readonly revokedFrom: bigint;
  readonly publicKeyHash: string;
}

/** The CooperativeRegistry over JSON-RPC. */
export function createEthersRegistry(options: EthersRegistryOptions): RegistryChain {
  const ask = asking(options.rpc);
  const confirmations = options.confirmations ?? CONFIRMATIONS;
  return {
    view: async () => viewOf(ask, requireDeployment(options), confirmations),
    find: async (change, transaction) => find(ask, requireDeployment(options).contract, change, transaction),
    sign: (change) => sign(ask, options, change),
    send: (transaction) => sendSigned(ask, transaction),
  };
}

function requireDeployment({ deployment }: EthersRegistryOptions) {
  const found = deployment();
  if (found !== undefined)
    return { chainId: found.chainId, contract: found.cooperativeRegistry.toLowerCase() };
  throw new ChainProblem('no_deployment', 'No contracts are deployed yet; nothing is sent before they are.');
}

async function find(
  ask: Ask,
  contract: string,
  change: KeyChange,
  transaction?: SignedTransaction,
): Promise<KeyFinding> {
  // The head first: what is then found stands in it or below.
  const head = await requireBlock(ask, 'latest');
  const key = await keyOf(ask, contract, change, head.number);
  const isSet = key.validFrom !== 0n;
  if (isSet && key.publicKeyHash !== change.publicKeyHash) return { kind: 'other_key' };
  if (change.action === 'revoke_key' && !isSet) return { kind: 'no_key' };
  if (change.action === 'set_key' ? isSet : key.revokedFrom !== 0n) {
    const receipt = transaction === undefined ? null : await receiptOf(ask, transaction.hash);
    const isOurs = receipt !== null && Number(receipt.status) === 1;
    return { kind: 'standing', isOurs, blockNumber: Number(isOurs ? receipt.blockNumber : head.number) };
  }
  return { kind: transaction === undefined ? 'lost' : await fateOf(ask, transaction) };
}

async function keyOf(ask: Ask, contract: string, change: KeyChange, blockTag: string): Promise<Key> {
  const { cooperativeId, keyId } = change;
  const data = registry.encodeFunctionData('keyOf', [cooperativeId, keyId]);
  const answer = await ask<string>('eth_call', { to: contract, data }, blockTag);
  const [key] = registry.decodeFunctionResult('keyOf', answer);
  return { validFrom: key.validFrom, revokedFrom: key.revokedFrom, publicKeyHash: key.publicKeyHash };
}

async function sign(ask: Ask, options: EthersRegistryOptions, change: KeyChange): Promise<SignedTransaction> {
  const { chainId, contract } = requireDeployment(options);
  const key = options.adminKey();
  if (key === undefined) {
    const message = 'There is no key to act for the cooperative with; nothing is sent.';
    throw new ChainProblem('no_permission', message);
  }
  const data = await callOf(ask, contract, change);
  return signCall(ask, { chainId, contract, data, key, what: `the change of a gateway's key` });
}

async function callOf(ask: Ask, contract: string, change: KeyChange): Promise<string> {
  const { cooperativeId, keyId, publicKeyHash } = change;
  if (change.action === 'set_key')
    return registry.encodeFunctionData('setKey', [cooperativeId, keyId, keyKinds.gateway, publicKeyHash]);
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
