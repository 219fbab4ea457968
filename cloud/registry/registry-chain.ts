import type { ChainView, SignedAnchor } from '../anchoring/index.ts';

/** What the registry is to be told of a gateway's key. Hashes are hex with 0x, lower case. */
export interface KeyChange {
  readonly action: 'set_key' | 'revoke_key';
  readonly cooperativeId: string;
  readonly keyId: string;
  readonly publicKeyHash: string;
  /** Of a revocation: nothing counts from then on. */
  readonly revokedFromMs: number;
}

export type SignedTransaction = SignedAnchor;

/**
 * standing: the registry says it, in the block of our transaction, or, when another one said it, in this block or an earlier
 * one. other_key: the id is another key's, for ever.
 * no_key: what is to be revoked is not set. pending, unknown, lost: as for an anchor.
 */
export type KeyFinding =
  | { readonly kind: 'standing'; readonly blockNumber: number; readonly isOurs: boolean }
  | { readonly kind: 'other_key' | 'no_key' | 'pending' | 'unknown' | 'lost' };

/** The chain's CooperativeRegistry as the registrar sees it. Rejects with a ChainProblem when nothing may be sent. */
export interface RegistryChain {
  /** Once a tick, before anything else. */
  view(): Promise<ChainView>;
  /** What the registry says of the key, and what became of the transaction signed for the change. */
  find(change: KeyChange, transaction?: SignedTransaction): Promise<KeyFinding>;
  sign(change: KeyChange): Promise<SignedTransaction>;
  /** May be repeated with the same transaction. `refused`: this node will not take it as it is. */
  send(transaction: SignedTransaction): Promise<'sent' | 'refused'>;
}
