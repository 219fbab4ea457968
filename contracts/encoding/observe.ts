import { keccak_256 } from '@noble/hashes/sha3.js';
import { signedLeaf } from './bundle.ts';
import type { LotBundle, ProofBundle } from './bundle-format.ts';
import { fromHex, type Hex, toHex } from './bytes.ts';
import { cooperativeKeyId } from './cooperative-key.ts';
import { type AnchorReading, readAnchor } from './read-anchor.ts';
import type { Rpc } from './read-contract.ts';
import {
  allianceIssuer,
  type CooperativeReading,
  type KeyReading,
  type RevocationReading,
  readCooperative,
  readKey,
  readRevocation,
} from './read-registry.ts';

/** What a verifier knows by itself, from whoever it trusts; a bundle that names anything else is nobody's. */
export interface Pins {
  readonly chainId: number;
  readonly anchorRegistry: string;
  readonly cooperativeRegistry: string;
  /** keccak256 of the code at these addresses. */
  readonly codeHashes: { readonly anchorRegistry: string; readonly cooperativeRegistry: string };
  /** Address of the alliance, which has to be in charge there still; undefined: not looked at. */
  readonly alliance?: string;
  /** Deployments whose trees were anchored again here: a bundle that names one of them is looked up here. */
  readonly succeeds?: readonly SucceededDeployment[];
}

/** Where anchors stood first, before another deployment took the place of this one. */
export interface SucceededDeployment {
  readonly chainId: number;
  readonly anchorRegistry: string;
  readonly cooperativeRegistry: string;
}

/** Whoever answers for the chain. */
export interface Endpoint {
  readonly name: string;
  /** It is run by, or reached through, whoever made the proof: its word adds nothing to theirs. */
  readonly isOperators: boolean;
  readonly rpc: Rpc;
}

/** What one endpoint says, all of it as of one block. */
export interface Observation {
  /** null: there is no code. */
  readonly codeHashes: { readonly anchorRegistry: Hex | null; readonly cooperativeRegistry: Hex | null };
  /** Whether the pinned alliance is in charge; null: not asked. */
  readonly isAllianceInCharge: boolean | null;
  readonly anchor: AnchorReading;
  readonly cooperative: CooperativeReading;
  /** Of whoever signed; null: nobody did. */
  readonly key: KeyReading | null;
  readonly revocation: RevocationReading;
}

const ALLIANCE_ROLE = keccak_256(new TextEncoder().encode('ALLIANCE_ROLE'));
const HAS_ROLE = keccak_256(new TextEncoder().encode('hasRole(bytes32,address)')).subarray(0, 4);

/** Asks one endpoint for everything that a bundle's verdict depends on. Rejects when it gives no usable answer. */
export async function observe(
  rpc: Rpc,
  bundle: ProofBundle | LotBundle,
  pins: Pins,
  blockTag: 'latest' | Hex,
): Promise<Observation> {
  const { chainId } = pins;
  const { cooperativeId } = bundle.lot;
  const anchors = { chainId, contract: pins.anchorRegistry, blockTag };
  const registry = { chainId, contract: pins.cooperativeRegistry, blockTag, cooperativeId };
  const leaf = toHex(signedLeaf(bundle));
  const signer = bundle.signature?.address;
  const [anchorCode, registryCode, isAllianceInCharge, anchor, cooperative, key, revocation] =
    await Promise.all([
      codeHash(rpc, pins.anchorRegistry, blockTag),
      codeHash(rpc, pins.cooperativeRegistry, blockTag),
      pins.alliance === undefined ? null : isInCharge(rpc, pins.cooperativeRegistry, pins.alliance, blockTag),
      readAnchor(rpc, { ...anchors, root: bundle.anchor.root }),
      readCooperative(rpc, registry),
      signer === undefined ? null : readKey(rpc, { ...registry, keyId: cooperativeKeyId(signer) }),
      readRevocation(rpc, {
        ...{ ...anchors, leaf, issuers: [cooperativeId, allianceIssuer] },
        ...('stamp' in bundle ? { stampIndex: bundle.stamp.index } : {}),
      }),
    ]);
  for (const reading of [anchor, cooperative, key, revocation])
    if (reading?.kind === 'unreachable') throw new Error(reading.message);
    else if (reading?.kind === 'wrong_chain') throw new Error(`another chain, ${reading.chainId}, halfway`);
  const codeHashes = { anchorRegistry: anchorCode, cooperativeRegistry: registryCode };
  return { codeHashes, isAllianceInCharge, anchor, cooperative, key, revocation };
}

async function codeHash(rpc: Rpc, address: string, blockTag: string): Promise<Hex | null> {
  const code = hexOf(await rpc('eth_getCode', [address, blockTag]));
  return code === '0x' ? null : toHex(keccak_256(fromHex(code, code.length / 2 - 1)));
}

async function isInCharge(rpc: Rpc, contract: string, alliance: string, blockTag: string): Promise<boolean> {
  const data = new Uint8Array(68);
  data.set(HAS_ROLE);
  data.set(ALLIANCE_ROLE, 4);
  data.set(fromHex(alliance, 20), 48);
  const answer = hexOf(await rpc('eth_call', [{ to: contract, data: toHex(data) }, blockTag]));
  return answer !== '0x' && BigInt(answer) === 1n;
}

function hexOf(answer: unknown): Hex {
  if (typeof answer !== 'string' || !/^0x[0-9a-fA-F]*$/.test(answer))
    throw new TypeError('the answer is not hex');
  return answer as Hex;
}
