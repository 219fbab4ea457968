/** The chain as the anchorer sees it. Hashes and addresses are hex with 0x, lower case. */
export interface ChainPort {
  /**
   * Where the chain stands, once a tick, before anything else. `blockNumber`: also tell the hash of that block.
   * Rejects with a ChainProblem when nothing may be sent: no answer, another chain, no contract.
   */
  view(blockNumber?: number): Promise<ChainView>;
  /** What the chain knows of a root, and of the transaction signed for it. */
  find(root: string, transaction?: SignedAnchor): Promise<Finding>;
  /** A signed transaction that anchors the root, not sent. Rejects with a ChainProblem when it could not succeed. */
  sign(root: string, treeSize: number): Promise<SignedAnchor>;
  /** Sends it; may be repeated with the same transaction. `refused`: this node will not take it as it is. */
  send(transaction: SignedAnchor): Promise<'sent' | 'refused'>;
}

export interface ChainView {
  readonly chainId: number;
  /** Address of the AnchorRegistry. */
  readonly registry: string;
  readonly headNumber: number;
  /** The newest block that cannot be undone any more. */
  readonly finalizedNumber: number;
  /** Of the block asked for; undefined when there is none (yet, or any more). */
  readonly blockHash: string | undefined;
}

export interface SignedAnchor {
  readonly hash: string;
  /** The signed bytes. */
  readonly raw: string;
}

export type Finding =
  | { readonly kind: 'standing'; readonly block: AnchorBlock }
  | { readonly kind: 'pending' | 'unknown' | 'lost' };

export interface AnchorBlock {
  readonly number: number;
  readonly hash: string;
  readonly timeMs: number;
  /** null when the root was anchored by a transaction we cannot name. */
  readonly transaction: {
    readonly hash: string;
    readonly gasUsed: bigint;
    readonly gasPriceWei: bigint;
  } | null;
}

export type ChainProblemKind =
  | 'unreachable'
  | 'no_deployment'
  | 'wrong_chain'
  | 'no_contract'
  | 'no_permission'
  | 'refused'
  | 'no_funds';

/** Why nothing can be anchored just now, in a sentence for whoever runs the service. */
export class ChainProblem extends Error {
  override readonly name = 'ChainProblem';
  readonly kind: ChainProblemKind;

  constructor(kind: ChainProblemKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
