import type { Rpc } from '@nongtin/contracts/encoding';
import { Transaction, Wallet } from 'ethers';
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
import {
  anchorCalls,
  anchoredAt,
  cooperativeOf,
  type Deployment,
  isRevoked,
  keyOf,
  registryCalls,
  requireDeployment,
} from './registry-reading.ts';

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

/** The CooperativeRegistry and the revocations of the AnchorRegistry, over JSON-RPC. */
export function createEthersRegistry(options: EthersRegistryOptions): RegistryChain {
  const ask = asking(options.rpc);
  const confirmations = options.confirmations ?? CONFIRMATIONS;
  return {
    view: async () => {
      const { chainId, cooperativeRegistry, anchorRegistry } = requireDeployment(options.deployment);
      const place = { chainId, contract: cooperativeRegistry, key: options.adminKey() };
      return { ...(await viewOf(ask, place, confirmations)), cooperativeRegistry, anchorRegistry };
    },
    find: async (call, versions, finalized) => {
      // The head first: what is then found stands in it or below.
      const head = await requireBlock(ask, 'latest');
      const said = await isSaid(ask, requireDeployment(options.deployment), call, head.number);
      if (said === 'other_key' || said === 'no_key') return { kind: said };
      return said ? standing(ask, versions, Number(head.number)) : fateOf(ask, versions, finalized);
    },
    anchoredAtMs: async (root) => {
      const { anchorRegistry } = requireDeployment(options.deployment);
      const head = await requireBlock(ask, 'latest');
      const time = await anchoredAt(ask, anchorRegistry, root, head.number);
      return time === 0n ? undefined : Number(time) * 1000;
    },
    isUpToDate: async (call, { raw }) => {
      if (call.action !== 'retire_key' && call.action !== 'revoke_key') return true;
      const { data } = Transaction.from(raw);
      const said = registryCalls.parseTransaction({ data })?.args.at(2);
      // A filler of this nonce says nothing.
      if (said === undefined) return false;
      const { timestamp } = await requireBlock(ask, 'latest');
      const isPast = call.action === 'retire_key' && said <= BigInt(timestamp);
      return !isPast && said >= firstSecondAfter(call.keepsUntilMs);
    },
    sign: async (call, terms) => {
      try {
        return await signCall(ask, await contractCall(ask, options, call), terms);
      } catch (error) {
        if (!(error instanceof ChainProblem) || error.kind !== 'no_permission') throw error;
        throw await explained(ask, options, call, error);
      }
    },
    send: (transaction) => sendSigned(ask, transaction),
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
  if (!isSet) return call.action === 'set_key' ? false : 'no_key';
  if (call.action === 'set_key') return true;
  // What is revoked has an end already.
  return key.revokedFrom !== 0n || (call.action === 'retire_key' && key.validUntil !== 0n);
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

async function contractCall(
  ask: Ask,
  options: EthersRegistryOptions,
  call: OrderCall,
): Promise<ContractCall> {
  const { chainId, cooperativeRegistry, anchorRegistry } = requireDeployment(options.deployment);
  const key = options.adminKey();
  if (key === undefined) {
    const message = 'There is no key to act for the cooperative with; nothing is sent.';
    throw new ChainProblem('no_permission', message);
  }
  if (isRevocation(call)) {
    const { issuer, leaf, range } = call;
    const data =
      range === undefined
        ? anchorCalls.encodeFunctionData('revoke', [issuer, leaf])
        : anchorCalls.encodeFunctionData('revokeRange', [issuer, leaf, range.from, range.to]);
    return { chainId, contract: anchorRegistry, data, key, what: 'the revocation' };
  }
  const data = await keyData(ask, cooperativeRegistry, call);
  return { chainId, contract: cooperativeRegistry, data, key, what: 'the change of a key' };
}

async function keyData(ask: Ask, contract: string, change: KeyChange): Promise<string> {
  const { action, cooperativeId, keyId, keyKind, publicKeyHash } = change;
  if (action === 'set_key')
    return registryCalls.encodeFunctionData('setKey', [cooperativeId, keyId, keyKind, publicKeyHash]);
  const { timestamp, number } = await requireBlock(ask, 'latest');
  const newest = BigInt(timestamp);
  const keeps = firstSecondAfter(change.keepsUntilMs);
  if (action === 'retire_key') {
    const soon = newest + RETIREMENT_SECONDS;
    return registryCalls.encodeFunctionData('retireKey', [cooperativeId, keyId, keeps > soon ? keeps : soon]);
  }
  const { validFrom } = await keyOf(ask, contract, change, numberHex(Number(number)));
  // The registry takes no time before the key or after the newest block, by whose time nothing has been anchored since.
  const wanted = BigInt(Math.floor(change.revokedFromMs / 1000));
  const since = wanted > newest ? newest : wanted;
  // What is to count counts: where it stands in the newest block, the end is a second later, which the next block has.
  const from = [since, keeps, validFrom].reduce((one, other) => (one > other ? one : other));
  return registryCalls.encodeFunctionData('revokeKey', [cooperativeId, keyId, from]);
}

/** Why the registry refuses, and who can change it. */
async function explained(
  ask: Ask,
  options: EthersRegistryOptions,
  call: OrderCall,
  refusal: ChainProblem,
): Promise<ChainProblem> {
  const key = options.adminKey();
  if (key === undefined) return refusal;
  const { cooperativeRegistry } = requireDeployment(options.deployment);
  const { number, timestamp } = await requireBlock(ask, 'latest');
  const id = isRevocation(call) ? call.issuer : call.cooperativeId;
  const { standing, admin } = await cooperativeOf(ask, cooperativeRegistry, id, number);
  const ours = new Wallet(key).address;
  const cause = { cause: refusal };
  if (standing === 'unknown') {
    const message = `The alliance has not admitted it on this deployment: it calls admit, with ${ours} as who acts for it.`;
    return new ChainProblem('not_admitted', message, cause);
  }
  if (standing === 'suspended') {
    const message = 'The alliance has suspended it: nothing is said for it until the alliance reinstates it.';
    return new ChainProblem('no_permission', message, cause);
  }
  if (admin === ours.toLowerCase()) {
    const isEarly = call.action === 'revoke_key' && firstSecondAfter(call.keepsUntilMs) > BigInt(timestamp);
    const message =
      'No block is later than the newest anchor that is to count; the revocation is sent when one is.';
    return isEarly ? new ChainProblem('refused', message, cause) : refusal;
  }
  const message = `${admin} acts for it on this deployment, our key is that of ${ours}: give us the keystore of the first, or have it propose the second (proposeAdmin).`;
  return new ChainProblem('no_permission', message, cause);
}

/** From now until a retired key counts no more: time for the transaction to be mined, for an end in the past is refused. */
const RETIREMENT_SECONDS = 900n;

function firstSecondAfter(ms: number | undefined): bigint {
  return ms === undefined ? 0n : BigInt(Math.floor(ms / 1000)) + 1n;
}
