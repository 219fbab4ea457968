import type { Logger } from '@nongtin/service';
import type { AnchorStore, OpenAnchor } from './anchor-store.ts';
import { type AnchorCall, type ChainPort, ChainProblem, type ChainView, type Finding } from './chain-port.ts';
import { defaultFeeRules, type FeeRules } from './fees.ts';
import { FUNDS_WINDOW_MS, type Funds, fundsOf, noFundsKnown } from './funds.ts';
import { Rounds, type RoundsStatus } from './rounds.ts';
import { type Errand, Sending } from './sending.ts';
import { type AnchorEvent, type AnchorState, nextStep } from './state.ts';
import type { Version } from './transactions.ts';
import { isTimeForTree, type TreeRules } from './tree-rules.ts';

/**
 * One root a tick for everything that waits, of every cooperative:
 *
 *   leaves (anchor_id null) ──gather──► anchor row ──sign──► version written ──send──► chain
 *        ▲                                  ▲        (again, with a higher fee)          │ find, each look
 *        │ another deployment               └────────── reconcile ◄── mined, final ◄─────┘
 *        └──────────────────── forgotten ◄──────────────────┘
 *
 * One anchor at a time is on its way to a block; what comes meanwhile waits for the next tree.
 */
export interface AnchorerOptions {
  readonly store: AnchorStore;
  readonly chain: ChainPort;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Seconds between looks; longer, up to ten times, while the chain gives no answer. */
  readonly tickSeconds: number;
  /** When a tree is built; default: at every look. */
  readonly trees?: TreeRules;
  /** Default: defaultFeeRules. */
  readonly fees?: FeeRules;
  /** Money for fewer days than this is an alarm; default 7. */
  readonly fundsWarnDays?: number;
  /**
   * Looks in a row that must say it before we do what cannot be undone: sign for another nonce, or let leaves go; default 3.
   * One is not enough: an RPC endpoint of several nodes may answer from one that lags behind.
   */
  readonly looksBeforeBelieved?: number;
}

export interface Anchorer {
  start(): Promise<void>;
  /** Waits for the tick under way. */
  stop(): Promise<void>;
  /** One look; also called by the timer. Never rejects: what went wrong stands in `status`. */
  tick(): Promise<void>;
  status(): AnchoringStatus;
}

export interface AnchoringStatus extends RoundsStatus {
  /** As of the last look that the chain answered. */
  readonly funds: Funds;
}

const STANDING_PAGE = 100;

export function createAnchorer(options: AnchorerOptions): Anchorer {
  return new TickingAnchorer(options);
}

class TickingAnchorer implements Anchorer {
  readonly #options: AnchorerOptions;
  readonly #rules: FeeRules;
  readonly #sending: Sending<AnchorCall>;
  /** Looks in a row that said what is not believed yet, by anchor. */
  readonly #doubts = new Map<number, number>();
  /** The deployment beside which no anchor stands that we believe in. */
  #settledOn = '';
  readonly #rounds: Rounds;
  #problem: ChainProblem | undefined;
  #funds = noFundsKnown;

  constructor(options: AnchorerOptions) {
    const { store, chain, clock } = options;
    this.#options = options;
    this.#rules = options.fees ?? defaultFeeRules;
    this.#sending = new Sending({ ledger: store.ledger, chain, rules: this.#rules, clock });
    this.#rounds = new Rounds({ ...options, name: 'anchorer', round: () => this.#round() });
  }

  async start(): Promise<void> {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  status(): AnchoringStatus {
    return { ...this.#rounds.status(), funds: this.#funds };
  }

  tick(): Promise<void> {
    return this.#rounds.tick();
  }

  async #round(): Promise<void> {
    const { store, chain } = this.#options;
    this.#problem = undefined;
    const newest = await store.newestStanding();
    const view = await chain.view(newest?.blockNumber ?? undefined);
    await this.#count(view);
    const looked = new Set<number>();
    const isNew = await this.#hasElsewhere(view);
    const finalAbove = newest !== undefined && (await store.finalAbove(view.finalizedNumber));
    const downTo = isNew ? -1 : finalAbove ? view.finalizedNumber : Number.POSITIVE_INFINITY;
    const isKnown = newest === undefined || (agrees(newest, view) && !isNew && !finalAbove);
    if (!isKnown) await this.#reconcile(view, looked, downTo);
    for (const anchor of await store.open()) {
      if (!looked.has(anchor.anchorId) && isDue(anchor, view)) await this.#follow(anchor, view);
    }
    await this.#gather(view);
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** What the account has and for how long it will do. */
  async #count({ chainId, account }: ChainView): Promise<void> {
    if (account === undefined) return;
    const { store, clock, logger, fundsWarnDays: warnDays = 7 } = this.#options;
    const [nowMs, payer] = [clock.nowMs(), { chainId, address: account.address }];
    const sinceMs = nowMs - FUNDS_WINDOW_MS;
    const spentWei = await store.ledger.spentSince(payer, sinceMs);
    const firstAtMs = await store.ledger.firstSince(payer, sinceMs);
    const before = this.#funds.state;
    this.#funds = fundsOf({ ...account, spentWei, firstAtMs, nowMs, warnDays });
    if (this.#funds.state === before) return;
    if (this.#funds.state === 'low') logger.warn({ funds: this.#funds }, 'money for gas runs out');
    else if (before === 'low') logger.info({ funds: this.#funds }, 'money for gas again');
  }

  /** Whether some anchors stand on another deployment; asked until none does. */
  async #hasElsewhere(view: ChainView): Promise<boolean> {
    const deployment = `${view.chainId} ${view.registry}`;
    if (this.#settledOn === deployment) return false;
    const found = await this.#options.store.standsElsewhere(view);
    if (!found) this.#settledOn = deployment;
    return found;
  }

  /** A new tree, when it is time for one and none is on its way. */
  async #gather(view: ChainView): Promise<void> {
    const { store, clock, trees } = this.#options;
    const onTheirWay = (await store.open()).some((anchor) => anchor.state !== 'mined');
    if (onTheirWay || this.#doubts.size > 0) return;
    const nowMs = clock.nowMs();
    if (!isTimeForTree(await store.waiting(), nowMs, trees)) return;
    const gathered = await store.gather(view, nowMs);
    if (gathered !== undefined) await this.#follow(gathered, view);
  }

  /**
   * The chain is not the one we knew: from the highest block down, each anchor is looked up again, until one stands
   * in the very block we know: what is below it is its past and cannot have changed. At least those above the block `downTo`.
   */
  async #reconcile(view: ChainView, looked: Set<number>, downTo: number): Promise<void> {
    const { store } = this.#options;
    const anchors: OpenAnchor[] = [];
    for (let page = 0; ; page += 1) {
      const some = await store.standing(STANDING_PAGE, page * STANDING_PAGE);
      anchors.push(...some);
      if (some.length < STANDING_PAGE) break;
    }
    for (const anchor of anchors) {
      looked.add(anchor.anchorId);
      const finding = await this.#follow(anchor, view);
      const sameBlock = finding.kind === 'standing' && finding.block.hash === anchor.blockHash;
      if (sameBlock && isOf(anchor, view) && (anchor.blockNumber ?? 0) <= downTo) return;
    }
  }

  async #follow(anchor: OpenAnchor, view: ChainView): Promise<Finding> {
    const { store, chain, clock } = this.#options;
    const purpose = { kind: 'anchor', id: anchor.anchorId } as const;
    const versions = await store.ledger.versionsOf(purpose, view);
    const finding = await chain.find(anchor.root, versions, view.finalizedNumber);
    const event = this.#eventOf(finding, { anchor, view, versions, nowMs: clock.nowMs() });
    if (!this.#isBelieved(anchor, event, versions)) return finding;
    try {
      await this.#apply(anchor, event, { finding, versions, view });
    } catch (error) {
      // The others are looked at all the same.
      if (!(error instanceof ChainProblem)) throw error;
      this.#problem ??= error;
    }
    return finding;
  }

  #eventOf(finding: Finding, { anchor, view, versions, nowMs }: Look): AnchorEvent {
    if (finding.kind === 'standing') {
      // Also of one that was final: a node that lags shows it as less for a moment, a chain that was set back for good.
      return finding.block.number <= view.finalizedNumber ? 'finalized' : 'standing';
    }
    if (!isOf(anchor, view)) return 'elsewhere';
    const newest = versions.at(-1);
    const isStuck = newest !== undefined && nowMs - newest.signedAtMs >= this.#rules.bumpAfterMs;
    return finding.kind === 'pending' && isStuck ? 'stuck' : finding.kind;
  }

  /** Whether the chain has said often enough what leads to a step that cannot be undone. */
  #isBelieved({ anchorId, state }: OpenAnchor, event: AnchorEvent, versions: readonly Version[]): boolean {
    const { action } = nextStep(state, event);
    const isGrave = action === 'release_leaves' || (action === 'sign_and_send' && versions.length > 0);
    const looks = isGrave ? (this.#doubts.get(anchorId) ?? 0) + 1 : 0;
    const isBelieved = looks === 0 || looks >= (this.#options.looksBeforeBelieved ?? 3);
    if (isBelieved) this.#doubts.delete(anchorId);
    else this.#doubts.set(anchorId, looks);
    return isBelieved;
  }

  async #apply(anchor: OpenAnchor, event: AnchorEvent, { finding, versions, view }: Found): Promise<void> {
    const { store, clock } = this.#options;
    const { anchorId, root, treeSize } = anchor;
    const { state, action } = nextStep(anchor.state, event);
    this.#log(anchor, event, state);
    if (action === 'release_leaves') return store.release(anchorId, clock.nowMs());
    if (action === 'record_block') {
      if (finding.kind === 'standing') await store.recordBlock(anchor, state, finding.block, clock.nowMs());
      return;
    }
    const stood = anchor.state === 'mined' || anchor.state === 'final';
    // What stands no longer is not shown so any more, whatever comes of sending it; what is sent is shown so when it is.
    if (action === 'none' || stood) await this.#show(anchor, state, versions);
    if (action === 'none') return;
    const purpose = { kind: 'anchor', id: anchorId } as const;
    const errand: Errand<AnchorCall> = { purpose, call: { root, treeSize }, versions };
    const nextNonce = finding.kind === 'gap' ? finding.nextNonce : undefined;
    const sent = await this.#sending.act(action, errand, view, nextNonce);
    await store.submitted(anchorId, sent, view, clock.nowMs());
  }

  async #show(anchor: OpenAnchor, state: AnchorState, versions: readonly Version[]): Promise<void> {
    if (state === anchor.state) return;
    await this.#options.store.setState(anchor.anchorId, state, versions.at(-1)?.hash ?? null);
  }

  #log(anchor: OpenAnchor, event: AnchorEvent, next: AnchorState): void {
    const { anchorId, root, treeSize, state } = anchor;
    if (next === state && event !== 'stuck') return;
    const fell = state === 'final' || next === 'forgotten' || event === 'stuck';
    const level = fell && next !== 'final' ? 'warn' : 'info';
    this.#options.logger[level]({ anchorId, root, treeSize, from: state, to: next, event }, 'anchor');
  }
}

interface Look {
  readonly anchor: OpenAnchor;
  readonly view: ChainView;
  readonly versions: readonly Version[];
  readonly nowMs: number;
}

interface Found {
  readonly finding: Finding;
  readonly versions: readonly Version[];
  readonly view: ChainView;
}

/** Whether the newest anchor we know still stands where we saw it. */
function agrees(newest: OpenAnchor, view: ChainView): boolean {
  return isOf(newest, view) && newest.blockHash === view.blockHash;
}

function isOf(anchor: OpenAnchor, view: ChainView): boolean {
  return anchor.chainId === view.chainId && anchor.registry === view.registry;
}

/** A mined anchor has nothing to learn before its block can be final; reconciling watches it meanwhile. */
function isDue(anchor: OpenAnchor, view: ChainView): boolean {
  return anchor.state !== 'mined' || (anchor.blockNumber ?? 0) <= view.finalizedNumber;
}
