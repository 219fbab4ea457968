import type { Logger } from '@nongtin/service';
import { ChainProblem, type ChainView, Rounds, type RoundsStatus } from '../anchoring/index.ts';
import type { KeyOrder, OrderStore } from './order-store.ts';
import type { KeyFinding, RegistryChain } from './registry-chain.ts';
import { nextOrderStep, type OrderEvent } from './state.ts';

export interface RegistrarOptions {
  readonly store: OrderStore;
  readonly chain: RegistryChain;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Seconds between ticks; longer, up to ten times, while the chain gives no answer. */
  readonly tickSeconds: number;
}

/** Looks that must miss what stood before it counts as gone: an endpoint of several nodes may answer from one that lags. */
const MISSES_BEFORE_GONE = 3;

/**
 * Has the chain's registry say which keys gateways have, and which were revoked. One transaction at a time is on its way: its
 * account has no other user. Whatever state a crash leaves behind, the chain is asked before anything is sent, and sending
 * again is sending the same bytes.
 */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #misses = new Map<number, number>();
  readonly #rounds: Rounds;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#rounds = new Rounds({ ...options, name: 'registrar', round: () => this.#round() });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Waits for the round under way. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  status(): RoundsStatus {
    return this.#rounds.status();
  }

  /** One round; also called by the timer. Never rejects: what went wrong stands in `status`. */
  tick(): Promise<void> {
    return this.#rounds.tick();
  }

  async #round(): Promise<void> {
    const { store, chain } = this.#options;
    const newest = await store.newestFinal();
    const open = await store.open();
    // With nothing to say and nothing said, the chain need not even be there.
    if (newest === undefined && open.length === 0) return;
    const view = await chain.view();
    if (newest !== undefined && (await this.#isGone(newest, view))) {
      await store.reopen();
      return;
    }
    // What is on its way first: one that cannot be signed keeps nobody else from being seen.
    const [onTheirWay, waiting] = [open.filter(isOnItsWay), open.filter((order) => !isOnItsWay(order))];
    for (const order of [...onTheirWay, ...waiting]) await this.#follow(order, view);
  }

  async #isGone(order: KeyOrder, view: ChainView): Promise<boolean> {
    const { change, transaction } = order;
    const finding = await this.#options.chain.find(change, isOf(order, view) ? transaction : undefined);
    return this.#isMissed(order, finding);
  }

  async #follow(order: KeyOrder, view: ChainView): Promise<void> {
    const { change } = order;
    const transaction = isOf(order, view) ? order.transaction : undefined;
    const finding = sinceFirstSeen(await this.#options.chain.find(change, transaction), order, view);
    const stood = order.state === 'mined';
    if (stood && finding.kind !== 'standing' && !this.#isMissed(order, finding)) return;
    await this.#apply(order, finding, view);
  }

  /** Whether what stood is missing, and often enough by now to be believed. */
  #isMissed({ orderId }: KeyOrder, finding: KeyFinding): boolean {
    const misses = finding.kind === 'standing' ? 0 : (this.#misses.get(orderId) ?? 0) + 1;
    this.#misses.set(orderId, misses);
    if (misses === 0 || misses >= MISSES_BEFORE_GONE) this.#misses.delete(orderId);
    return misses >= MISSES_BEFORE_GONE;
  }

  async #apply(order: KeyOrder, finding: KeyFinding, view: ChainView): Promise<void> {
    const { store, clock } = this.#options;
    const event = eventOf(finding, view);
    const { state, action } = nextOrderStep(order.state, event);
    if (action === 'sign_and_send') return this.#signAndSend(order, view);
    if (action === 'send_again') return this.#send(order, order.transaction);
    if (finding.kind === 'standing' && (state === 'mined' || state === 'final')) {
      const block = { number: finding.blockNumber, view, nowMs: clock.nowMs() };
      if (state !== order.state) this.#log(order, state);
      return store.stands(order, state, block);
    }
    if (state === order.state || state === 'mined' || state === 'final') return;
    this.#log(order, state);
    await store.setState(order.orderId, state);
  }

  async #signAndSend(order: KeyOrder, view: ChainView): Promise<void> {
    const { store, chain, clock } = this.#options;
    const others = await store.open();
    // Its nonce is taken by one that waits for its block.
    if (others.some(({ orderId, state }) => state === 'submitted' && orderId !== order.orderId)) return;
    const transaction = await chain.sign(order.change);
    await store.submitted(order.orderId, transaction, view, clock.nowMs());
    this.#log(order, 'submitted');
    await this.#send(order, transaction);
  }

  async #send(order: KeyOrder, transaction: KeyOrder['transaction']): Promise<void> {
    if (transaction === undefined) return;
    const { store, chain } = this.#options;
    if ((await chain.send(transaction)) === 'sent') return;
    await store.setState(order.orderId, 'waiting');
    const message = 'The node does not take the transaction; it is signed anew and sent again.';
    throw new ChainProblem('refused', message);
  }

  #log({ gatewayId, change, state: from }: KeyOrder, to: string): void {
    if (from === to) return;
    const level = to === 'refused' ? 'error' : 'info';
    this.#options.logger[level]({ gateway: gatewayId, action: change.action, from, to }, 'registry');
  }
}

function isOnItsWay({ state }: KeyOrder): boolean {
  return state !== 'waiting';
}

/** What somebody else's transaction said is looked for in no block: it stood when we first saw it. */
function sinceFirstSeen(finding: KeyFinding, order: KeyOrder, view: ChainView): KeyFinding {
  const { state, blockNumber } = order;
  if (finding.kind !== 'standing' || finding.isOurs || state !== 'mined') return finding;
  if (blockNumber === null || !isOf(order, view)) return finding;
  return { ...finding, blockNumber: Math.min(blockNumber, finding.blockNumber) };
}

function eventOf(finding: KeyFinding, view: ChainView): OrderEvent {
  if (finding.kind !== 'standing') return finding.kind;
  return finding.blockNumber <= view.finalizedNumber ? 'finalized' : 'standing';
}

function isOf({ chainId, registry }: KeyOrder, view: ChainView): boolean {
  return chainId === view.chainId && registry === view.registry;
}
