import type {
  ChainView,
  Finding,
  PaidTransaction,
  SendOutcome,
  SignedTransaction,
  Terms,
} from '../anchoring/index.ts';

/** What the chain is to be told for a cooperative. Hashes are hex with 0x, lower case. */
export type OrderCall = KeyChange | Revocation;

/** To the CooperativeRegistry: of a key. */
export interface KeyChange {
  readonly action: 'set_key' | 'retire_key' | 'revoke_key';
  readonly cooperativeId: string;
  readonly keyId: string;
  /** A number of keyKinds. */
  readonly keyKind: number;
  readonly publicKeyHash: string;
  /** Of a revocation: nothing counts from then on. */
  readonly revokedFromMs: number;
  /** Of an end: what was anchored in the block of this time, or earlier, goes on to count, whenever the key was lost. */
  readonly keepsUntilMs: number | undefined;
}

/** To the AnchorRegistry: of a leaf, or of stamps of the batch whose leaf it is. */
export interface Revocation {
  readonly action: 'revoke_leaf' | 'revoke_range';
  /** The cooperative. */
  readonly issuer: string;
  readonly leaf: string;
  /** Indices of stamps, both included; of `revoke_range` alone. */
  readonly range: { readonly from: number; readonly to: number } | undefined;
}

/**
 * standing: the chain says it, in the block of our transaction, which is then `paid`, or, when another one said it, in this
 * block or an earlier one. other_key: the id is another key's, for ever. no_key: what is to be revoked is not set. The others:
 * as of an anchor.
 */
export type OrderFinding =
  | { readonly kind: 'standing'; readonly blockNumber: number; readonly paid: PaidTransaction | undefined }
  | { readonly kind: 'other_key' }
  | { readonly kind: 'no_key' }
  | Exclude<Finding, { kind: 'standing' }>;

/** `registry`, whose address transactions are noted under, is the CooperativeRegistry. */
export interface RegistryView extends ChainView {
  readonly cooperativeRegistry: string;
  readonly anchorRegistry: string;
}

/** The chain's registries as the registrar sees them. Rejects with a ChainProblem when nothing may be sent. */
export interface RegistryChain {
  /** Once a tick, before anything else. */
  view(): Promise<RegistryView>;
  /** What the chain says of it, and what became of the transactions signed for it, oldest first. */
  find(
    call: OrderCall,
    versions: readonly SignedTransaction[],
    finalizedNumber: number,
  ): Promise<OrderFinding>;
  /** The time of the block that anchored a root; undefined: it does not stand. */
  anchoredAtMs(root: string): Promise<number | undefined>;
  /** Whether a transaction signed for it earlier says what is to be said now. */
  isUpToDate(call: OrderCall, transaction: SignedTransaction): Promise<boolean>;
  sign(call: OrderCall, terms: Terms): Promise<SignedTransaction>;
  /** May be repeated with the same transaction. */
  send(transaction: SignedTransaction): Promise<SendOutcome>;
}
