import { Interface } from 'ethers';
import { type Ask, ChainProblem } from '../anchoring/index.ts';
import type { KeyChange, Revocation } from './registry-chain.ts';

/** Where the contracts stand. */
export interface Deployment {
  readonly chainId: number;
  readonly cooperativeRegistry: string;
  readonly anchorRegistry: string;
}

export const registryCalls = new Interface([
  'function setKey(bytes32 cooperativeId, bytes32 keyId, uint8 kind, bytes32 publicKeyHash)',
  'function retireKey(bytes32 cooperativeId, bytes32 keyId, uint64 validUntil)',
  'function revokeKey(bytes32 cooperativeId, bytes32 keyId, uint64 revokedFrom)',
  'function keyOf(bytes32 cooperativeId, bytes32 keyId) view returns (tuple(uint64 validFrom, uint64 revokedFrom, uint8 kind, bytes32 publicKeyHash, uint64 validUntil))',
  'function cooperativeOf(bytes32 cooperativeId) view returns (tuple(address admin, uint8 standing, uint64 admittedAt, bytes32 nameHash))',
]);

export const anchorCalls = new Interface([
  'function revoke(bytes32 issuer, bytes32 leaf)',
  'function revokeRange(bytes32 issuer, bytes32 batchLeaf, uint32 from, uint32 to)',
  'function anchorOf(bytes32 root) view returns (uint64 time, uint64 treeSize, uint64 blockNumber)',
  'function revokedAt(bytes32 issuer, bytes32 leaf) view returns (uint64 time)',
  'function revokedStamps(bytes32 issuer, bytes32 batchLeaf, uint32 word) view returns (uint256 bitmap)',
]);

/** Stamps in a word of the bitmap. */
const WORD = 256;

/** Addresses in lower case. Rejects while nothing is deployed. */
export function requireDeployment(deployment: () => Deployment | undefined): Deployment {
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

/** As the CooperativeRegistry has it. */
export interface RegisteredKey {
  /** Seconds since 1970; zero: not set, not revoked, no planned end. */
  readonly validFrom: bigint;
  readonly revokedFrom: bigint;
  readonly validUntil: bigint;
  readonly publicKeyHash: string;
}

type KeyName = Pick<KeyChange, 'cooperativeId' | 'keyId'>;

export async function keyOf(
  ask: Ask,
  contract: string,
  { cooperativeId, keyId }: KeyName,
  blockTag: string,
): Promise<RegisteredKey> {
  const data = registryCalls.encodeFunctionData('keyOf', [cooperativeId, keyId]);
  const answer = await ask<string>('eth_call', { to: contract, data }, blockTag);
  const [{ validFrom, revokedFrom, validUntil, publicKeyHash }] = registryCalls.decodeFunctionResult(
    'keyOf',
    answer,
  );
  return { validFrom, revokedFrom, validUntil, publicKeyHash };
}

/** How the alliance stands to a cooperative, and who acts for it (address in lower case). */
export async function cooperativeOf(
  ask: Ask,
  contract: string,
  cooperativeId: string,
  blockTag: string,
): Promise<{ readonly standing: 'unknown' | 'admitted' | 'suspended'; readonly admin: string }> {
  const data = registryCalls.encodeFunctionData('cooperativeOf', [cooperativeId]);
  const answer = await ask<string>('eth_call', { to: contract, data }, blockTag);
  const [{ admin, standing }] = registryCalls.decodeFunctionResult('cooperativeOf', answer);
  const named = (['unknown', 'admitted', 'suspended'] as const)[Number(standing)] ?? 'unknown';
  return { standing: named, admin: String(admin).toLowerCase() };
}

/** Seconds since 1970; zero: the root does not stand. */
export async function anchoredAt(
  ask: Ask,
  contract: string,
  root: string,
  blockTag: string,
): Promise<bigint> {
  const data = anchorCalls.encodeFunctionData('anchorOf', [root]);
  const answer = await ask<string>('eth_call', { to: contract, data }, blockTag);
  return anchorCalls.decodeFunctionResult('anchorOf', answer).getValue('time');
}

/** Seconds since 1970; zero: it is not revoked by this issuer. */
export async function revokedAt(
  ask: Ask,
  contract: string,
  { issuer, leaf }: Pick<Revocation, 'issuer' | 'leaf'>,
  blockTag: string,
): Promise<bigint> {
  const data = anchorCalls.encodeFunctionData('revokedAt', [issuer, leaf]);
  return BigInt(await ask<string>('eth_call', { to: contract, data }, blockTag));
}

/** Whether the leaf, or each stamp of the range, is revoked. */
export async function isRevoked(
  ask: Ask,
  contract: string,
  { issuer, leaf, range }: Revocation,
  blockTag: string,
): Promise<boolean> {
  if (range === undefined) return (await revokedAt(ask, contract, { issuer, leaf }, blockTag)) !== 0n;
  for (let word = Math.floor(range.from / WORD); word <= Math.floor(range.to / WORD); word += 1) {
    const wanted = bitsOf(word, range);
    const data = anchorCalls.encodeFunctionData('revokedStamps', [issuer, leaf, word]);
    const bitmap = BigInt(await ask<string>('eth_call', { to: contract, data }, blockTag));
    if ((bitmap & wanted) !== wanted) return false;
  }
  return true;
}

/** Which bits of a word belong to the range. */
function bitsOf(word: number, { from, to }: { readonly from: number; readonly to: number }): bigint {
  const first = Math.max(0, from - word * WORD);
  const last = Math.min(WORD - 1, to - word * WORD);
  return ((1n << BigInt(last - first + 1)) - 1n) << BigInt(first);
}
