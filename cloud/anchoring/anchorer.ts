import type { Logger } from '@nongtin/service';
import type { AnchorStore, OpenAnchor } from './anchor-store.ts';
import { type ChainPort, ChainProblem, type ChainView, type Finding } from './chain-port.ts';
import { Rounds, type RoundsStatus } from './rounds.ts';
import { type AnchorEvent, type AnchorState, nextStep } from './state.ts';

/**
 * One root a tick for everything that waits, of every cooperative:
 *
 *   leaves (anchor_id null) ──gather──► anchor row ──sign──► transaction written ──send──► chain
 *        ▲                                                                                  │ find, each tick
 *        └────────────────────────── forgotten ◄── reconcile ◄── mined, final ◄─────────────┘
 *
 * One anchor at a time is on its way to a block; what comes meanwhile waits for the next tree.
 */
export interface AnchorerOptions {
  readonly store: AnchorStore;
  readonly chain: ChainPort;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Seconds between ticks; longer, up to ten times, while the chain gives no answer. */
  readonly tickSeconds: number;
  /**
   * Looks that must miss an anchor, tick after tick, before it counts as forgotten; default 3. One is not enough: an
   * RPC endpoint of several nodes may answer from one that lags behind.
   */
  readonly missesBeforeForgotten?: number;
}

export interface Anchorer {
  start(): Promise<void>;
  /** Waits for the tick under way. */
  stop(): Promise<void>;
  /** One round; also called by the timer. Never rejects: what went wrong stands in `status`. */
  tick(): Promise<void>;
  status(): RoundsStatus;
}

const STANDING_PAGE = 100;

export function createAnchorer(options: AnchorerOptions): Anchorer {
  return new TickingAnchorer(options);
}

class TickingAnchorer implements Anchorer {
  readonly #options: AnchorerOptions;
  readonly #misses = new Map<number, number>();
  readonly #rounds: Rounds;

  constructor(options: AnchorerOptions) {
    this.#options = options;
    this.#rounds = new Rounds({ ...options, name: 'anchorer', round: () => this.#round() });
  }

  async start(): Promise<void> {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  status(): RoundsStatus {
    return this.#rounds.status();
  }

  tick(): Promise<void> {
    return this.#rounds.tick();
  }

  async #round(): Promise<void> {
    const { store, chain } = this.#options;
    const newest = await store.newestStanding();
    const view = await chain.view(newest?.blockNumber ?? undefined);
    const looked = new Set<number>();
    if (newest !== undefined && !agrees(newest, view)) await this.#reconcile(view, looked);
    for (const anchor of await store.open()) {
      if (!looked.has(anchor.anchorId) && isDue(anchor, view)) await this.#follow(anchor, view);
    }
    if ((await store.open()).some((anchor) => anchor.state !== 'mined')) return;
    const gathered = await store.gather(view, this.#options.clock.nowMs());
    if (gathered !== undefined) await this.#follow(gathered, view);
  }

  /**
   * The chain is not the one we knew: from the highest block down, each anchor is looked up again, until one stands
   * in the very block we know: what is below it is its past and cannot have changed.
   */
  async #reconcile(view: ChainView, looked: Set<number>): Promise<void> {
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
      if (sameBlock && isOf(anchor, view)) return;
    }
  }

  async #follow(anchor: OpenAnchor, view: ChainView): Promise<Finding> {
    const transaction = isOf(anchor, view) ? anchor.transaction : undefined;
    const finding = await this.#options.chain.find(anchor.root, transaction);
    if (this.#isMissedTooSeldom(anchor, finding)) return finding;
    await this.#apply(anchor, eventOf(finding, view), finding, view);
    return finding;
  }

  /** Whether an anchor that stood is missing, but not often enough yet to be believed. */
  #isMissedTooSeldom(anchor: OpenAnchor, finding: Finding): boolean {
    const stood = anchor.state === 'mined' || anchor.state === 'final';
    if (!stood || finding.kind === 'standing') {
      this.#misses.delete(anchor.anchorId);
      return false;
    }
    const misses = (this.#misses.get(anchor.anchorId) ?? 0) + 1;
    this.#misses.set(anchor.anchorId, misses);
    if (misses < (this.#options.missesBeforeForgotten ?? 3)) return true;
    this.#misses.delete(anchor.anchorId);
    return false;
  }

  async #apply(anchor: OpenAnchor, event: AnchorEvent, finding: Finding, view: ChainView): Promise<void> {
    const { store, clock } = this.#options;
    const { anchorId } = anchor;
    const { state, action } = nextStep(anchor.state, event);
    this.#log(anchor, event, state);
    if (action === 'sign_and_send') await this.#signAndSend(anchor, view);
    else if (action === 'send_again') await this.#send(anchor, anchor.transaction);
    else if (action === 'release_leaves') await store.release(anchorId, clock.nowMs());
    else if (action === 'record_block' && finding.kind === 'standing') {
      await store.recordBlock(anchor, state, finding.block, clock.nowMs());
    } else if (state !== anchor.state) await store.setState(anchorId, state);
  }

  async #signAndSend(anchor: OpenAnchor, view: ChainView): Promise<void> {
    const { store, chain, clock } = this.#options;
    const transaction = await chain.sign(anchor.root, anchor.treeSize);
    await store.submitted(anchor.anchorId, transaction, view, clock.nowMs());
    await this.#send({ ...anchor, state: 'submitted' }, transaction);
  }

  async #send(anchor: OpenAnchor, transaction: OpenAnchor['transaction']): Promise<void> {
    if (transaction === undefined) return;
    const outcome = await this.#options.chain.send(transaction);
    if (outcome === 'sent') return;
    await this.#options.store.setState(anchor.anchorId, nextStep('submitted', 'refused').state);
    throw new ChainProblem(
      'refused',
      'The node does not take the transaction; it is signed anew and sent again.',
    );
  }

  #log(anchor: OpenAnchor, event: AnchorEvent, next: AnchorState): void {
    if (next === anchor.state) return;
    const { anchorId, root, treeSize, state } = anchor;
    const level = next === 'forgotten' ? 'warn' : 'info';
    this.#options.logger[level]({ anchorId, root, treeSize, from: state, to: next, event }, 'anchor');
  }
}

function eventOf(finding: Finding, view: ChainView): AnchorEvent {
  if (finding.kind !== 'standing') return finding.kind;
  return finding.block.number <= view.finalizedNumber ? 'finalized' : 'standing';
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
