import type { Logger } from '@nongtin/service';
import type { AnchorStore, OpenAnchor } from './anchor-store.ts';
import { type AnchorCall, type ChainPort, ChainProblem, type ChainView, type Finding } from './chain-port.ts';
import { defaultFeeRules, type FeeRules } from './fees.ts';
import { type Funds, FundsWatch } from './funds.ts';
import { Rounds, type RoundsStatus } from './rounds.ts';
import { type Errand, eventOfWaiting, Sending } from './sending.ts';
import { type AnchorEvent, type AnchorState, nextStep } from './state.ts';
import type { Version } from './transactions.ts';
import { isTimeForTree, type TreeRules } from './tree-rules.ts';

/**
 * One root a tick for everything that waits, of every cooperative:
 *
 *   leaves (anchor_id null) ──gather──► anchor row ──sign──► version written ──send──► chain
 *                                       ▲   ▲        (again, with a higher fee)          │ find, each look
 *                another deployment:    │   └────────── reconcile ◄── mined, final ◄─────┘
 *                the same tree in a ────┘                    │
 *                row of its own      ◄────── forgotten ◄─────┘
 *
 * One anchor at a time is on its way to a block; what comes meanwhile waits for the next tree. When a new tree is due it goes
 * before those of another deployment, of which there may be thousands: what is sold today does not wait behind them.
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
   * Looks in a row that must say it before we do what cannot be undone: sign for another nonce; default 3.
   * One is not enough: an RPC endpoint of several nodes may answer from one that lags behind.
   */
  readonly looksBeforeBelieved?: number;
  /**
   * Whether anything may be anchored on this deployment now; a sentence says why not, and is shown as state `held`. Until it
   * says nothing, nothing is signed or sent and no tree is built; what stands is looked at all the same. Asked at most once a
   * look, when there is something to send. Default: always.
   */
  readonly mayAnchor?: (view: ChainView) => Promise<string | undefined>;
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
/** So many trees are carried over in one round: a service that stops waits for its end. */
const CARRY_PAGE = 200;
/** So many of them are looked for on the chain in one round, while they stand there already. */
const REPEAT_PAGE = 100;

export function createAnchorer(options: AnchorerOptions): Anchorer {
  return new TickingAnchorer(options);
}

class TickingAnchorer implements Anchorer {
  readonly #options: AnchorerOptions;
  readonly #rules: FeeRules;
  readonly #sending: Sending<AnchorCall>;
  /** Looks in a row that said what is not believed yet, by anchor. */
  readonly #doubts = new Map<number, number>();
  /** The deployment beside which no anchor is followed. */
  #settledOn = '';
  /** What `mayAnchor` has said in this round. */
  #held: Promise<string | undefined> | undefined;
  readonly #rounds: Rounds;
  #problem: ChainProblem | undefined;
  readonly #funds: FundsWatch;

  constructor(options: AnchorerOptions) {
    const { store, chain, clock } = options;
    this.#options = options;
    this.#rules = options.fees ?? defaultFeeRules;
    this.#sending = new Sending({ ledger: store.ledger, chain, rules: this.#rules, clock });
    const { logger, fundsWarnDays: warnDays } = options;
    const { ledger } = store;
    this.#funds = new FundsWatch({ ledger, clock, logger, warnDays, name: 'anchorer', pays: 'anchors' });
    this.#rounds = new Rounds({ ...options, name: 'anchorer', round: () => this.#round() });
  }

  async start(): Promise<void> {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  status(): AnchoringStatus {
    return { ...this.#rounds.status(), funds: this.#funds.funds };
  }

  tick(): Promise<void> {
    return this.#rounds.tick();
  }

  async #round(): Promise<void> {
    const { store, chain } = this.#options;
    this.#problem = undefined;
    this.#held = undefined;
    const asked = await store.newestStanding();
    const view = await chain.view(asked?.blockNumber ?? undefined);
    await this.#funds.look(view);
    const carried = await this.#carryOver(view);
    // With some of them still elsewhere nothing is looked for here.
    if (carried === CARRY_PAGE) return;
    const newest = carried > 0 ? await store.newestStanding() : asked;
    const looked = new Set<number>();
    const finalAbove = newest !== undefined && (await store.finalAbove(view.finalizedNumber));
    const agrees = newest?.anchorId === asked?.anchorId && newest?.blockHash === view.blockHash;
    const isKnown = newest === undefined || (agrees && !finalAbove);
    if (!isKnown) await this.#reconcile(view, looked, finalAbove ? view.finalizedNumber : undefined);
    for (const anchor of await store.open()) {
      if (!looked.has(anchor.anchorId) && isDue(anchor, view)) await this.#follow(anchor, view);
    }
    await this.#startNext(view);
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** Of what is followed on another deployment, so much at a time; how many. */
  async #carryOver(view: ChainView): Promise<number> {
    const deployment = `${view.chainId} ${view.registry}`;
    if (this.#settledOn === deployment) return 0;
    this.#doubts.clear();
    const { store, clock } = this.#options;
    // What is elsewhere is no finding of the chain's: it need not be asked, nor be believed.
    const some = await store.elsewhere(view, CARRY_PAGE);
    if (some.length > 0) await store.carryOver(some, view, clock.nowMs());
    for (const anchor of some) this.#log(anchor, 'elsewhere', nextStep(anchor.state, 'elsewhere').state);
    if (some.length < CARRY_PAGE) this.#settledOn = deployment;
    return some.length;
  }

  /** When none is on its way: a new tree, if it is time for one, or else one of another deployment. */
  async #startNext(view: ChainView): Promise<void> {
    const { store } = this.#options;
    const old = await store.toRepeat(REPEAT_PAGE);
    const hasDoubts = [...this.#doubts.keys()].some((anchorId) => anchorId !== old[0]?.anchorId);
    const isBusy = hasDoubts || (await store.open()).some((anchor) => anchor.state !== 'mined');
    let isTimeSeen = false;
    for (const anchor of old) {
      // One that was signed, here before or when the process died, may be on its way or stand already.
      if (!(await this.#isSigned(anchor, view))) {
        if (isBusy || (!isTimeSeen && (await this.#gather(view)))) return;
        isTimeSeen = true;
      }
      if ((await this.#follow(anchor, view)).kind !== 'standing') return;
    }
    if (!isBusy && !isTimeSeen) await this.#gather(view);
  }

  async #isSigned({ anchorId }: OpenAnchor, view: ChainView): Promise<boolean> {
    const purpose = { kind: 'anchor', id: anchorId } as const;
    return (await this.#options.store.ledger.versionsOf(purpose, view)).length > 0;
  }

  /** Whether there is a new tree, because it is time for one. */
  async #gather(view: ChainView): Promise<boolean> {
    const { store, clock, trees } = this.#options;
    const nowMs = clock.nowMs();
    if (!isTimeForTree(await store.waiting(), nowMs, trees)) return false;
    const held = await this.#whyHeld(view);
    if (held !== undefined) {
      this.#problem ??= held;
      return false;
    }
    const gathered = await store.gather(view, nowMs);
    if (gathered === undefined) return false;
    await this.#follow(gathered, view);
    return true;
  }

  async #whyHeld(view: ChainView): Promise<ChainProblem | undefined> {
    this.#held ??= this.#options.mayAnchor?.(view) ?? Promise.resolve(undefined);
    const why = await this.#held;
    return why === undefined ? undefined : new ChainProblem('held', why);
  }

  /**
   * The chain is not the one we knew: from the highest block down, each anchor is looked up again, until one stands
   * in the very block we know: what is below it is its past and cannot have changed. At least those above the block `downTo`.
   */
  async #reconcile(view: ChainView, looked: Set<number>, downTo = Number.POSITIVE_INFINITY): Promise<void> {
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
      if (sameBlock && (anchor.blockNumber ?? 0) <= downTo) return;
    }
  }

  async #follow(anchor: OpenAnchor, view: ChainView): Promise<Finding> {
    const { store, chain, clock } = this.#options;
    const purpose = { kind: 'anchor', id: anchor.anchorId } as const;
    const versions = await store.ledger.versionsOf(purpose, view);
    const finding = await chain.find(anchor.root, versions, view.finalizedNumber);
    const event = this.#eventOf(finding, { view, versions, nowMs: clock.nowMs() });
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

  #eventOf(finding: Finding, { view, versions, nowMs }: Look): AnchorEvent {
    if (finding.kind === 'standing') {
      // Also of one that was final: a node that lags shows it as less for a moment, a chain that was set back for good.
      return finding.block.number <= view.finalizedNumber ? 'finalized' : 'standing';
    }
    return eventOfWaiting(finding, versions.at(-1), { ...this.#rules, nowMs });
  }

  /** Whether the chain has said often enough what leads to a step that cannot be undone. */
  #isBelieved({ anchorId, state }: OpenAnchor, event: AnchorEvent, versions: readonly Version[]): boolean {
    const { action } = nextStep(state, event);
    const isGrave = action === 'sign_and_send' && versions.length > 0;
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
    if (action === 'record_block') {
      if (finding.kind === 'standing') await store.recordBlock(anchor, state, finding.block, clock.nowMs());
      return;
    }
    const stood = anchor.state === 'mined' || anchor.state === 'final';
    // What stands no longer is not shown so any more, whatever comes of sending it; what is sent is shown so when it is.
    if (action === 'none' || stood) await this.#show(anchor, state, versions);
    if (action === 'none' || action === 'carry_over') return;
    const held = await this.#whyHeld(view);
    if (held !== undefined) throw held;
    const purpose = { kind: 'anchor', id: anchorId } as const;
    const errand: Errand<AnchorCall> = { purpose, call: { root, treeSize }, versions };
    const nextNonce = 'nextNonce' in finding ? finding.nextNonce : undefined;
    const sent = await this.#sending.act(action, errand, view, nextNonce);
    await store.submitted(anchorId, sent, clock.nowMs());
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
  readonly view: ChainView;
  readonly versions: readonly Version[];
  readonly nowMs: number;
}

interface Found {
  readonly finding: Finding;
  readonly versions: readonly Version[];
  readonly view: ChainView;
}

/** A mined anchor has nothing to learn before its block can be final; reconciling watches it meanwhile. */
function isDue(anchor: OpenAnchor, view: ChainView): boolean {
  return anchor.state !== 'mined' || (anchor.blockNumber ?? 0) <= view.finalizedNumber;
}
