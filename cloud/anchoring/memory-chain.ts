import { createHash } from 'node:crypto';
import {
  type AnchorBlock,
  type AnchorCall,
  type ChainPort,
  ChainProblem,
  type ChainProblemKind,
  type Finding,
  type GasPrice,
  type SendOutcome,
  type SignedTransaction,
  type Terms,
} from './chain-port.ts';

interface MemoryTransaction extends SignedTransaction {
  /** undefined: it does nothing. */
  readonly root: string | undefined;
  /** The contract that is called. */
  readonly to: string;
}

const GAS = 74_000n;

/** A chain of one account in memory, for tests: as true to life as the behaviour suite asks. */
export class MemoryChain implements ChainPort {
  /** While set, every question fails this way. */
  problem: ChainProblemKind | undefined;
  /** Mines each transaction as it comes; false: it waits for `mine`. */
  automine = true;
  /** The contract in use; each knows its own roots. */
  registry = `0x${'a1'.repeat(20)}`;
  price: GasPrice = { baseFeeWei: 1n, tipWei: 1n };
  balanceWei = 10n ** 18n;
  readonly sent: string[] = [];
  #pool: MemoryTransaction[] = [];
  #blocks: { hash: string; transactions: MemoryTransaction[] }[] = [
    { hash: digest('genesis'), transactions: [] },
  ];
  #branch = 0;

  /** Roots of the contract in use, in the order in which they came to stand. */
  get roots(): string[] {
    return this.#mined().flatMap(({ root, to }) => (to === this.registry && root) || []);
  }

  /** Mines what is in the pool and pays the base fee, nonce by nonce, then empty blocks. */
  mine(blocks = 1): void {
    for (let i = 0; i < blocks; i += 1) {
      const transactions: MemoryTransaction[] = [];
      for (let nonce = this.#nonce(); ; nonce += 1) {
        const next = this.#pool.find((one) => one.nonce === nonce);
        if (next === undefined || next.fees.maxFeePerGasWei < this.price.baseFeeWei) break;
        transactions.push(next);
      }
      this.#pool = this.#pool.filter((one) => !transactions.some(({ nonce }) => nonce === one.nonce));
      const parent = this.#blocks.at(-1)?.hash;
      this.#blocks.push({ hash: digest(`${parent} ${this.#branch} ${transactions.length}`), transactions });
    }
  }

  /** Throws the newest blocks away; `requeue` puts their transactions back into the pool. */
  rollBack(blocks: number, requeue = false): void {
    this.#branch += 1;
    const gone = this.#blocks.splice(Math.max(1, this.#blocks.length - blocks), blocks);
    this.#pool = requeue ? [...gone.flatMap((block) => block.transactions), ...this.#pool] : [];
  }

  dropPool(): void {
    this.#pool = [];
  }

  async view(blockNumber?: number) {
    this.#answer();
    const headNumber = this.#blocks.length - 1;
    return {
      ...{ chainId: 1, registry: this.registry, headNumber, price: this.price },
      finalizedNumber: Math.max(0, headNumber - 2),
      blockHash: blockNumber === undefined ? undefined : this.#blocks[blockNumber]?.hash,
      account: { address: '0xme', balanceWei: this.balanceWei },
    };
  }

  async find(root: string, versions: readonly SignedTransaction[], finalized: number): Promise<Finding> {
    this.#answer();
    const block = this.#standing(root);
    if (block !== undefined) return { kind: 'standing', block };
    const newest = versions.at(-1);
    if (newest === undefined) return { kind: 'lost' };
    const next = this.#nonce();
    if (this.#pool.some((one) => versions.some(({ hash }) => hash === one.hash)))
      return next < newest.nonce ? { kind: 'pending', nextNonce: next } : { kind: 'pending' };
    if (next === newest.nonce) return { kind: 'dropped' };
    if (next < newest.nonce) return { kind: 'gap', nextNonce: next };
    return { kind: this.#nonce(finalized) > newest.nonce ? 'lost' : 'overtaken' };
  }

  async sign({ root, treeSize }: AnchorCall, terms: Terms): Promise<SignedTransaction> {
    this.#answer();
    const isFiller = terms.fillsNonce !== undefined;
    if (!isFiller && this.#standing(root) !== undefined)
      throw new ChainProblem('no_permission', 'AlreadyAnchored');
    const nonce = terms.fillsNonce ?? terms.replaces?.nonce ?? this.#pendingNonce();
    const gasLimit = isFiller ? 21_000n : GAS;
    const fees = terms.feesFor(gasLimit);
    const offers = `${fees.maxFeePerGasWei} ${fees.maxPriorityFeePerGasWei}`;
    const raw = JSON.stringify({ to: this.registry, nonce, offers, ...(isFiller ? {} : { root, treeSize }) });
    return { raw, hash: digest(raw), sender: '0xme', nonce, gasLimit, fees };
  }

  async send(transaction: SignedTransaction): Promise<SendOutcome> {
    this.#answer();
    const { nonce, fees, hash } = transaction;
    if (nonce < this.#nonce() || this.#pool.some((one) => one.hash === hash)) return 'sent';
    const rival = this.#pool.find((one) => one.nonce === nonce);
    // As geth has it: a tenth more of both.
    const outbids = (mine: bigint, theirs: bigint) => mine * 10n >= theirs * 11n;
    if (rival !== undefined) {
      const { maxFeePerGasWei, maxPriorityFeePerGasWei } = rival.fees;
      const enough =
        outbids(fees.maxFeePerGasWei, maxFeePerGasWei) &&
        outbids(fees.maxPriorityFeePerGasWei, maxPriorityFeePerGasWei);
      if (!enough) return 'underpriced';
    }
    const { root, to } = JSON.parse(transaction.raw) as { root?: string; to: string };
    if (root !== undefined) this.sent.push(root);
    this.#pool = [...this.#pool.filter((one) => one !== rival), { ...transaction, root, to }];
    if (this.automine) this.mine();
    return 'sent';
  }

  #answer(): void {
    if (this.problem !== undefined) throw new ChainProblem(this.problem, `the test says ${this.problem}`);
  }

  #mined(upTo = Number.POSITIVE_INFINITY): MemoryTransaction[] {
    return this.#blocks.filter((_, number) => number <= upTo).flatMap((block) => block.transactions);
  }

  #nonce(upTo?: number): number {
    return this.#mined(upTo).length;
  }

  #pendingNonce(): number {
    let nonce = this.#nonce();
    while (this.#pool.some((one) => one.nonce === nonce)) nonce += 1;
    return nonce;
  }

  #standing(root: string): AnchorBlock | undefined {
    const isIt = (one: MemoryTransaction) => one.root === root && one.to === this.registry;
    const number = this.#blocks.findIndex((block) => block.transactions.some(isIt));
    const block = this.#blocks[number];
    const transaction = block?.transactions.find(isIt);
    if (block === undefined || transaction === undefined) return undefined;
    const paid = { hash: transaction.hash, gasUsed: GAS, gasPriceWei: 2n };
    return { number, hash: block.hash, timeMs: number * 1000, transaction: paid };
  }
}

function digest(text: string): string {
  return `0x${createHash('sha256').update(text).digest('hex')}`;
}
