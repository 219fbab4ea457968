import type { Logger } from '@nongtin/service';
import {
  ChainProblem,
  defaultFeeRules,
  type Errand,
  eventOfWaiting,
  type FeeRules,
  type Funds,
  FundsWatch,
  Rounds,
  type RoundsStatus,
  Sending,
  type Version,
} from '../anchoring/index.ts';
import type { Order, OrderStore } from './order-store.ts';
import type { OrderCall, OrderFinding, RegistryChain, RegistryView } from './registry-chain.ts';
import { nextOrderStep, type OrderEvent } from './state.ts';

export interface RegistrarOptions {
  readonly store: OrderStore;
  readonly chain: RegistryChain;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Seconds between ticks; longer, up to ten times, while the chain gives no answer. */
  readonly tickSeconds: number;
  /** Default: defaultFeeRules. */
  readonly fees?: FeeRules;
  /** Money for fewer days than this is an alarm; default 7. */
  readonly fundsWarnDays?: number;
}

export interface RegistrarStatus extends RoundsStatus {
  /** As of the last look that the chain answered. */
  readonly funds: Funds;
  /** Ends of signing keys that are not told yet, and why. */
  readonly held: readonly { readonly about: string; readonly why: string }[];
  /** Orders that the chain can never say, because another key has the id; for a person to look into. */
  readonly refused: number;
}

/** Some orders at their dearest: the money that has to be there, however rarely there is something to say. */
const RESERVE_GAS = 1_000_000n;

/** Looks in a row that must say it before another nonce is used: an endpoint of several nodes may answer from one that lags. */
const LOOKS_BEFORE_BELIEVED = 3;

/**
 * Has the chain say for the cooperative which keys count and what is revoked. One transaction at a time is on its way: its
 * account has no other user. Whatever state a crash leaves behind, the chain is asked before anything is sent, and sending
 * again is sending the same bytes.
 */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #rules: FeeRules;
  readonly #sending: Sending<OrderCall>;
  readonly #doubts = new Map<number, number>();
  readonly #rounds: Rounds;
  /** Orders that wait for something else than the chain, and for what. */
  #held = new Map<number, { readonly about: string; readonly why: string }>();
  readonly #funds: FundsWatch;
  #refused = 0;
  #problem: ChainProblem | undefined;

  constructor(options: RegistrarOptions) {
    const { store, chain, clock } = options;
    this.#options = options;
    this.#rules = options.fees ?? defaultFeeRules;
    this.#sending = new Sending({ ledger: store.ledger, chain, rules: this.#rules, clock });
    const { logger, fundsWarnDays: warnDays } = options;
    this.#funds = new FundsWatch({
      ...{ ledger: store.ledger, clock, logger, warnDays, name: 'registrar', reserveGas: RESERVE_GAS },
      pays: 'orders to the registry',
    });
    this.#rounds = new Rounds({ ...options, name: 'registrar', round: () => this.#round() });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Waits for the round under way. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  status(): RegistrarStatus {
    const held = [...this.#held.values()];
    return { ...this.#rounds.status(), funds: this.#funds.funds, held, refused: this.#refused };
  }

  /** One round; also called by the timer. Never rejects: what went wrong stands in `status`. */
  tick(): Promise<void> {
    return this.#rounds.tick();
  }

  async #round(): Promise<void> {
    const { store, chain } = this.#options;
    this.#problem = undefined;
    this.#refused = await store.refused();
    const newest = await store.newestFinal();
    const open = await store.open();
    // With nothing to say and nothing said, the chain need not even be there.
    if (newest === undefined && open.length === 0) return;
    const view = await chain.view();
    await this.#funds.look(view);
    await store.disown(view, this.#options.clock.nowMs());
    if (newest !== undefined && (await this.#look(newest, view)).finding.kind !== 'standing') {
      await store.reopen();
      return this.#followAll(await store.open(), view);
    }
    await this.#followAll(open, view);
  }

  async #followAll(open: readonly Order[], view: RegistryView): Promise<void> {
    const looks: Look[] = [];
    for (const order of open) looks.push(await this.#look(order, view));
    // A nonce is taken by one that waits for its block.
    let isBusy = looks.some(isOnItsWay);
    for (const look of looks) {
      const signs = look.event === 'lost';
      if (signs && isBusy && look.order.state !== 'mined') continue;
      if (await this.#follow(look, view)) isBusy = true;
    }
    this.#refused = await this.#options.store.refused();
    if (this.#problem !== undefined) throw this.#problem;
  }

  async #look(order: Order, view: RegistryView): Promise<Look> {
    const { store, chain } = this.#options;
    const versions = await store.ledger.versionsOf({ kind: 'order', id: order.orderId }, view);
    const found = await chain.find(order.call, versions, view.finalizedNumber);
    const finding = sinceFirstSeen(found, order, view);
    const event = this.#eventOf(finding, versions.at(-1), view);
    const errand = finding.kind === 'standing' ? '' : await this.#errandOf(order, versions, view);
    return { order, versions, finding, event, errand };
  }

  #eventOf(finding: OrderFinding, newest: Version | undefined, view: RegistryView): OrderEvent {
    if (finding.kind === 'standing') {
      return finding.blockNumber <= view.finalizedNumber ? 'finalized' : 'standing';
    }
    if (finding.kind === 'other_key' || finding.kind === 'no_key') return finding.kind;
    return eventOfWaiting(finding, newest, { ...this.#rules, nowMs: this.#options.clock.nowMs() });
  }

  /** Whether a transaction was sent. */
  async #follow(look: Look, view: RegistryView): Promise<boolean> {
    const { store, clock } = this.#options;
    const { order, finding, event, errand } = look;
    const { state, action } = nextOrderStep(order.state, event);
    if (finding.kind === 'standing' || typeof errand !== 'string') this.#held.delete(order.orderId);
    if (!this.#isBelieved(look, action)) return false;
    if (finding.kind === 'standing') {
      if (state !== 'mined' && state !== 'final') return false;
      const { blockNumber: number, paid } = finding;
      if (state !== order.state) this.#log(order, state);
      await store.stands(order, state, { number, paid, view, nowMs: clock.nowMs() });
      return false;
    }
    const stood = order.state === 'mined' || order.state === 'final';
    const isChanged = state !== order.state && state !== 'mined' && state !== 'final';
    if (isChanged && (stood || action === 'none')) {
      this.#log(order, state);
      await store.setState(order.orderId, state);
    }
    if (action === 'none' || action === 'record_block' || action === 'carry_over') return false;
    if (typeof errand === 'string') {
      this.#hold(order, errand);
      if (order.state !== 'waiting') await store.setState(order.orderId, 'waiting');
      return false;
    }
    const nextNonce = 'nextNonce' in finding ? finding.nextNonce : undefined;
    try {
      const sent = await this.#sending.act(action, errand, view, nextNonce);
      await store.submitted(order.orderId, sent, view, clock.nowMs());
      this.#log(order, 'submitted');
    } catch (error) {
      // The others are looked at all the same.
      if (!(error instanceof ChainProblem)) throw error;
      this.#problem ??= named(error, order);
      return false;
    }
    return true;
  }

  #hold({ orderId, about, call }: Order, why: string): void {
    if (this.#held.get(orderId)?.why === why) return;
    this.#held.set(orderId, { about, why });
    this.#options.logger.info({ about, action: call.action, why }, 'an order to the registry waits');
  }

  /** A signing key ends only when what it has signed stands: else why it does not end yet. */
  async #errandOf(
    order: Order,
    versions: readonly Version[],
    view: RegistryView,
  ): Promise<Errand<OrderCall> | string> {
    const { store, chain } = this.#options;
    const purpose = { kind: 'order', id: order.orderId } as const;
    if (order.endsMs === undefined) return { purpose, call: order.call, versions };
    const { pending, newest } = await store.signedTrees(order, view);
    if (pending > 0) return `${pending} records that it signed do not stand on this deployment for good yet`;
    if (newest === undefined) return { purpose, call: order.call, versions };
    // What we noted of the anchors may be older than the chain, which may have been set back a moment ago.
    if ((await chain.anchoredAtMs(newest.root)) !== newest.blockTimeMs)
      return 'what it signed is being looked up on the chain again';
    const call = { ...order.call, keepsUntilMs: newest.blockTimeMs };
    const last = versions.at(-1);
    const isOutdated = last !== undefined && !(await chain.isUpToDate(call, last));
    return { purpose, call, versions, isOutdated };
  }

  #isBelieved({ order, versions }: Look, action: string): boolean {
    const isGrave = action === 'sign_and_send' && versions.length > 0;
    const looks = isGrave ? (this.#doubts.get(order.orderId) ?? 0) + 1 : 0;
    const isBelieved = looks === 0 || looks >= LOOKS_BEFORE_BELIEVED;
    if (isBelieved) this.#doubts.delete(order.orderId);
    else this.#doubts.set(order.orderId, looks);
    return isBelieved;
  }

  #log({ about, call, state: from }: Order, to: string): void {
    if (from === to) return;
    const level = to === 'refused' ? 'error' : 'info';
    this.#options.logger[level]({ about, action: call.action, from, to }, 'registry');
  }
}

interface Look {
  readonly order: Order;
  readonly versions: readonly Version[];
  readonly finding: OrderFinding;
  readonly event: OrderEvent;
  /** What to send; text: why nothing is to be sent yet. */
  readonly errand: Errand<OrderCall> | string;
}

function isOnItsWay({ finding: { kind }, errand }: Look): boolean {
  if (kind === 'pending' || kind === 'overtaken') return true;
  // Signed once and held now, it is in nobody's pool: its nonce is free.
  return (kind === 'dropped' || kind === 'gap') && typeof errand !== 'string';
}

/** What somebody else's transaction said is looked for in no block: it stood when we first saw it. */
function sinceFirstSeen(finding: OrderFinding, order: Order, view: RegistryView): OrderFinding {
  const { state, blockNumber } = order;
  if (finding.kind !== 'standing' || finding.paid !== undefined || state !== 'mined') return finding;
  if (blockNumber === null || !isOf(order, view)) return finding;
  return { ...finding, blockNumber: Math.min(blockNumber, finding.blockNumber) };
}

function isOf({ chainId, registry }: Order, view: RegistryView): boolean {
  return chainId === view.chainId && registry === view.registry;
}

/** Whose right is missing is the first that a person has to know. */
function named(problem: ChainProblem, { cooperative }: Order): ChainProblem {
  if (problem.kind !== 'no_permission' && problem.kind !== 'not_admitted') return problem;
  return new ChainProblem(problem.kind, `${cooperative}: ${problem.message}`, { cause: problem.cause });
}
