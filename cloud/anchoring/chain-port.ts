import type { SendEvent } from './state.ts';

/** The chain as the anchorer sees it. Hashes and addresses are hex with 0x, lower case. */
export interface ChainPort {
  /**
   * Where the chain stands, once a tick, before anything else. `blockNumber`: also tell the hash of that block.
   * Rejects with a ChainProblem when nothing may be sent: no answer, another chain, no contract.
   */
  view(blockNumber?: number): Promise<ChainView>;
  /** What the chain knows of a root, and of the transactions signed for it on this deployment, oldest first. */
  find(root: string, versions: readonly SignedTransaction[], finalizedNumber: number): Promise<Finding>;
  /** A signed transaction that anchors the root, not sent. Rejects with a ChainProblem when it could not succeed. */
  sign(anchor: AnchorCall, terms: Terms): Promise<SignedTransaction>;
  /** Hands it to whoever mines; may be repeated with the same transaction. */
  send(transaction: SignedTransaction): Promise<SendOutcome>;
}

export interface AnchorCall {
  readonly root: string;
  readonly treeSize: number;
}

/** What a transaction offers for each unit of gas (EIP-1559), wei. */
export interface Fees {
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
}

/** What gas costs now, wei for each unit: the base fee of the newest block, and what miners want on top. */
export interface GasPrice {
  readonly baseFeeWei: bigint;
  readonly tipWei: bigint;
}

/** On what terms a transaction is signed. */
export interface Terms {
  /** What may be offered for so much gas; throws a ChainProblem when that is not enough. */
  readonly feesFor: (gasLimit: bigint) => Fees;
  /** Takes the place of this transaction: the same nonce. Without it, the account's next one. */
  readonly replaces?: SignedTransaction;
  /** Instead of the call, the emptiest transaction there is, of this nonce: those behind it in the pool can go on. */
  readonly fillsNonce?: number;
}

/** As `SendEvent` of the state table has them. */
export type SendOutcome = SendEvent;

export interface ChainView {
  readonly chainId: number;
  /** Address of the AnchorRegistry. */
  readonly registry: string;
  readonly headNumber: number;
  /** The newest block that cannot be undone any more. */
  readonly finalizedNumber: number;
  /** Of the block asked for; undefined when there is none (yet, or any more). */
  readonly blockHash: string | undefined;
  /** What gas costs now. */
  readonly price: GasPrice;
  /** Who signs and pays; undefined while there is no key. */
  readonly account: { readonly address: string; readonly balanceWei: bigint } | undefined;
}

/** A version of a transaction: the first one, or one that offers more for the same nonce. */
export interface SignedTransaction {
  readonly hash: string;
  /** The signed bytes. */
  readonly raw: string;
  readonly sender: string;
  readonly nonce: number;
  readonly gasLimit: bigint;
  readonly fees: Fees;
}

/**
 * standing: the contract knows the root. The others: it does not, and of the newest nonce that we signed for it
 * pending: a version waits in the pool; with `nextNonce`, for that earlier nonce, which is not used yet. dropped: none is known, and the nonce is the account's next one. gap: none is known,
 * and an earlier nonce, `nextNonce`, has to be used first. overtaken: the nonce was used otherwise, or by a version of ours that
 * failed, in a block that may still be undone. lost: the same for good, or we have signed nothing.
 */
export type Finding =
  | { readonly kind: 'standing'; readonly block: AnchorBlock }
  | { readonly kind: 'gap'; readonly nextNonce: number }
  | { readonly kind: 'pending'; readonly nextNonce?: number }
  | { readonly kind: 'dropped' | 'overtaken' | 'lost' };

export interface AnchorBlock {
  readonly number: number;
  readonly hash: string;
  readonly timeMs: number;
  /** null when the root was anchored by a transaction we cannot name. */
  readonly transaction: PaidTransaction | null;
}

export interface PaidTransaction {
  readonly hash: string;
  readonly gasUsed: bigint;
  readonly gasPriceWei: bigint;
}

export type ChainProblemKind =
  | 'unreachable'
  | 'disagreement'
  | 'no_deployment'
  | 'wrong_chain'
  | 'no_contract'
  | 'no_permission'
  | 'not_admitted'
  | 'refused'
  | 'no_funds'
  | 'fees_too_high'
  | 'budget_spent'
  | 'held';

/** Why nothing can be anchored just now, in a sentence for whoever runs the service. */
export class ChainProblem extends Error {
  override readonly name = 'ChainProblem';
  readonly kind: ChainProblemKind;

  constructor(kind: ChainProblemKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
