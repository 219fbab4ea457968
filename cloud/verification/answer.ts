import type { AnchorReading, Hex, LotRecord, ProofBundle } from '@nongtin/contracts/encoding';
import type { AnchorState } from '../anchoring/index.ts';
import type { FindResult, StampState } from '../stamps/index.ts';

/**
 * What our server says of a stamp. It is our answer and no proof: the buyer's device checks the bundle itself.
 * genuine: issued by us, and its anchor stands for good. not_yet_final: it stands, its block can still be undone.
 * waiting: issued, not on the chain yet. withdrawn: voided, recalled or spoiled, whatever the chain holds by now; `stamp` says which.
 * not_ours: no such stamp. cannot_check: issued, but the chain does not answer, or does not hold what we believed it holds;
 * `problem` says which.
 */
type AnswerKind = 'genuine' | 'not_yet_final' | 'waiting' | 'withdrawn' | 'not_ours' | 'cannot_check';

export type AnswerProblem =
  | Extract<FindResult, { ok: false }>['problem']
  | 'gtin'
  | 'root_missing'
  | Exclude<AnchorReading['kind'], 'anchored' | 'missing'>;

/** What the chain says at this moment. */
type ChainNow = 'final' | 'standing' | 'missing' | 'unknown';

export interface VerifyAnswer {
  readonly answer: AnswerKind;
  readonly problem: AnswerProblem | null;
  readonly product: {
    readonly gtin14: string;
    readonly name: { readonly vi: string; readonly en: string };
  } | null;
  readonly cooperative: { readonly name: string } | null;
  readonly lot: Pick<LotRecord, 'lotNumber' | 'harvestedAtMs' | 'quantityKg' | 'plot'> | null;
  readonly season: LotRecord['season'] | null;
  /** What became of the stamp, by our books. */
  readonly stamp: {
    readonly state: StampState;
    /** When its scratch PIN was first used; null: not yet. */
    readonly activatedAtMs: number | null;
  } | null;
  readonly anchor: {
    /** As our database has it. */
    readonly state: AnchorState;
    /** As the chain has it, asked just now. */
    readonly now: ChainNow;
    readonly root: Hex | null;
    readonly treeSize: number | null;
    readonly transactionHash: Hex | null;
    readonly blockNumber: number | null;
    readonly blockTimeMs: number | null;
  } | null;
  readonly bundle: ProofBundle | null;
  readonly chain: ChainDoor | null;
}

/** The chain as a browser reaches it. */
export interface ChainDoor {
  readonly chainId: number;
  readonly anchorRegistry: Hex;
  readonly rpcUrls: readonly string[];
  /** Blocks behind the head that count as final where the chain does not know the tag `finalized`. */
  readonly confirmations: number;
}

/** Every refusal has this one shape: nothing in it tells how close a guess was. */
export function refusal(problem: AnswerProblem, chain: ChainDoor | null): VerifyAnswer {
  return {
    answer: 'not_ours',
    problem,
    product: null,
    cooperative: null,
    lot: null,
    season: null,
    stamp: null,
    anchor: null,
    bundle: null,
    chain,
  };
}

export interface Judgement {
  readonly answer: AnswerKind;
  readonly problem: AnswerProblem | null;
  readonly now: ChainNow;
}

/**
 * Never more than is true: without the chain's own word of this moment nothing is called genuine. `finalized` and
 * `latest` are what the chain answered as of those blocks; undefined when there was nothing to ask for.
 */
export function judge(
  state: AnchorState,
  finalized: AnchorReading | undefined,
  latest: AnchorReading | undefined,
): Judgement {
  if (finalized?.kind === 'anchored') return { answer: 'genuine', problem: null, now: 'final' };
  if (latest === undefined) return { answer: 'waiting', problem: null, now: 'unknown' };
  if (latest.kind === 'anchored') return { answer: 'not_yet_final', problem: null, now: 'standing' };
  if (latest.kind !== 'missing') return { answer: 'cannot_check', problem: latest.kind, now: 'unknown' };
  const believedToStand = state === 'mined' || state === 'final';
  return believedToStand
    ? { answer: 'cannot_check', problem: 'root_missing', now: 'missing' }
    : { answer: 'waiting', problem: null, now: 'missing' };
}
