import {
  ChainProblem,
  type ChainView,
  type Finding,
  type SendOutcome,
  type SignedTransaction,
  type Terms,
} from './chain-port.ts';
import { type FeeRules, feesFor } from './fees.ts';
import { type AnchorAction, type AnchorEvent, stepAfterSending } from './state.ts';
import type { Purpose, TransactionLedger, Version } from './transactions.ts';

export interface SendingOptions<Call> {
  readonly ledger: TransactionLedger;
  readonly chain: {
    sign(call: Call, terms: Terms): Promise<SignedTransaction>;
    send(transaction: SignedTransaction): Promise<SendOutcome>;
  };
  readonly rules: FeeRules;
  readonly clock: { nowMs(): number };
}

/** What is to come to stand on the chain. */
export interface Errand<Call> {
  readonly purpose: Purpose;
  readonly call: Call;
  /** Signed so far for the deployment in use, oldest first. */
  readonly versions: readonly Version[];
  /** The newest version says what is not to be said any more: it is signed anew, for its nonce. */
  readonly isOutdated?: boolean;
}

export type SendAction = Extract<AnchorAction, 'sign_and_send' | 'send_again' | 'bump' | 'fill_gap'>;

const DAY_MS = 86_400_000;

/** What it means for what is to stand that its transactions, of which `newest` is the last one signed, fare so. */
export function eventOfWaiting(
  finding: Exclude<Finding, { kind: 'standing' }>,
  newest: Version | undefined,
  { bumpAfterMs, nowMs }: { readonly bumpAfterMs: number; readonly nowMs: number },
): Exclude<AnchorEvent, 'standing' | 'finalized' | 'elsewhere'> {
  const isStuck = newest !== undefined && nowMs - newest.signedAtMs >= bumpAfterMs;
  if (finding.kind !== 'pending' || !isStuck) return finding.kind;
  // What was sent to a deployment that was left may have the nonce before it, and nobody follows that.
  return finding.nextNonce === undefined ? 'stuck' : 'gap';
}

/**
 * Signs, writes down, sends, in this order, within the rules for fees: one part of one process for each account, or two would
 * take the same nonce.
 */
export class Sending<Call> {
  readonly #options: SendingOptions<Call>;

  constructor(options: SendingOptions<Call>) {
    this.#options = options;
  }

  /** What was sent. Rejects with a ChainProblem when it was not; what was written down stays so. */
  async act(
    action: SendAction,
    errand: Errand<Call>,
    view: ChainView,
    nextNonce?: number,
  ): Promise<SignedTransaction> {
    if (action === 'fill_gap' && nextNonce !== undefined) await this.#fill(nextNonce, errand, view);
    const newest = errand.versions.at(-1);
    const isNew = action === 'sign_and_send' || newest === undefined;
    const takesItsPlace = action === 'bump' || (!isNew && errand.isOutdated === true);
    const replaces = takesItsPlace ? newest : undefined;
    let transaction: SignedTransaction =
      isNew || replaces ? await this.#sign(errand, view, replaces) : newest;
    let outcome = await this.#send(transaction);
    // A price that has risen since it was signed is met at once; if that is not enough, at the next look.
    if (stepAfterSending(outcome).action === 'bump' && replaces === undefined) {
      transaction = await this.#sign(errand, view, transaction);
      outcome = await this.#send(transaction);
    }
    demandSent(outcome);
    return transaction;
  }

  async #sign(
    errand: Errand<Call>,
    view: ChainView,
    replaces?: SignedTransaction,
  ): Promise<SignedTransaction> {
    const { ledger, chain, clock } = this.#options;
    const terms = await this.#terms(view, replaces);
    const signed = await chain.sign(errand.call, terms);
    await ledger.write(errand.purpose, signed, view, clock.nowMs());
    return signed;
  }

  /** One of ours that has this nonce and is needed, or else a transaction that does nothing. */
  async #fill(nonce: number, errand: Errand<Call>, view: ChainView): Promise<void> {
    const { ledger, chain, clock } = this.#options;
    const ours = await ledger.at(view, view.account?.address ?? '', nonce);
    const isFresh = ours !== undefined && clock.nowMs() - ours.signedAtMs < this.#options.rules.bumpAfterMs;
    if (ours?.use === 'needed' || (ours?.use === 'filler' && isFresh)) {
      await this.#send(ours);
      return;
    }
    // What has the nonce may be in no pool any more: it is outbid only where the node says that it is.
    for (const rival of [undefined, ours]) {
      const terms = { ...(await this.#terms(view, rival, nonce)), fillsNonce: nonce };
      const filler = await chain.sign(errand.call, terms);
      await ledger.write('filler', filler, view, clock.nowMs());
      if ((await this.#send(filler)) !== 'underpriced' || ours === undefined) return;
    }
  }

  async #terms(view: ChainView, replaces?: SignedTransaction, nonce = replaces?.nonce): Promise<Terms> {
    const { ledger, rules, clock } = this.#options;
    const account = { chainId: view.chainId, address: view.account?.address ?? '' };
    const spentTodayWei = await ledger.spentSince(account, clock.nowMs() - DAY_MS, nonce);
    const { price } = view;
    const outbids = replaces && { replaces: replaces.fees };
    return {
      ...(replaces && { replaces }),
      feesFor: (gasLimit) => feesFor({ price, gasLimit, spentTodayWei, ...outbids }, rules),
    };
  }

  #send(transaction: SignedTransaction): Promise<SendOutcome> {
    return this.#options.chain.send(transaction);
  }
}

function demandSent(outcome: SendOutcome): void {
  if (outcome === 'sent') return;
  const why =
    outcome === 'underpriced' ? 'wants a higher fee for the transaction' : 'does not take the transaction';
  throw new ChainProblem('refused', `The node ${why}; it is kept and sent again.`);
}
