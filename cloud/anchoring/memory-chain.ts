import { createHash } from 'node:crypto';
import {
  type AnchorBlock,
  type ChainPort,
  ChainProblem,
  type ChainProblemKind,
  type SignedAnchor,
} from './chain-port.ts';

interface MemoryTransaction extends SignedAnchor {
  readonly nonce: number;
  readonly root: string;
}

/** A chain of one contract in memory, for tests: as true to life as the behaviour suite asks. */
export class MemoryChain implements ChainPort {
  /** While set, every question fails this way. */
  problem: ChainProblemKind | undefined;
  /** Mines each transaction as it comes; false: it waits for `mine`. */
  automine = true;
  registry = `0x${'a1'.repeat(20)}`;
  readonly sent: string[] = [];
  #pool: MemoryTransaction[] = [];
  #blocks: { hash: string; transactions: MemoryTransaction[] }[] = [
    { hash: digest('genesis'), transactions: [] },
  ];
  #branch = 0;

  /** Mines what is in the pool, then empty blocks. */
  mine(blocks = 1): void {
    for (let i = 0; i < blocks; i += 1) {
      const transactions = this.#pool;
      this.#pool = [];
      const parent = this.#blocks.at(-1)?.hash;
      this.#blocks.push({ hash: digest(`${parent} ${this.#branch} ${transactions.length}`), transactions });
    }
  }

  /** Throws the newest blocks away; `requeue` puts their transactions back into the pool. */
  rollBack(blocks: number, requeue = false): void {
    this.#branch += 1;
    const gone = this.#blocks.splice(this.#blocks.length - blocks, blocks);
    this.#pool = requeue ? gone.flatMap((block) => block.transactions) : [];
  }

  async view(blockNumber?: number) {
    this.#answer();
    const headNumber = this.#blocks.length - 1;
    return {
      chainId: 1,
      registry: this.registry,
      headNumber,
      finalizedNumber: Math.max(0, headNumber - 2),
      blockHash: blockNumber === undefined ? undefined : this.#blocks[blockNumber]?.hash,
    };
  }

  async find(root: string, transaction?: SignedAnchor) {
    this.#answer();
    const block = this.#standing(root);
    if (block !== undefined) return { kind: 'standing', block } as const;
    if (transaction === undefined) return { kind: 'lost' } as const;
    if (this.#pool.some((one) => one.hash === transaction.hash)) return { kind: 'pending' } as const;
    return { kind: read(transaction).nonce < this.#nonce() ? 'lost' : 'unknown' } as const;
  }

  async sign(root: string, treeSize: number): Promise<SignedAnchor> {
    this.#answer();
    if (this.#standing(root) !== undefined) throw new ChainProblem('no_permission', 'AlreadyAnchored');
    const raw = JSON.stringify({ nonce: this.#nonce() + this.#pool.length, root, treeSize });
    return { raw, hash: digest(raw) };
  }

  async send(transaction: SignedAnchor): Promise<'sent' | 'refused'> {
    this.#answer();
    const { nonce, root } = read(transaction);
    const taken = this.#pool.some((one) => one.nonce === nonce && one.hash !== transaction.hash);
    if (taken) return 'refused';
    const there = nonce < this.#nonce() || this.#pool.some((one) => one.hash === transaction.hash);
    if (there) return 'sent';
    this.sent.push(root);
    this.#pool.push({ ...transaction, nonce, root });
    if (this.automine) this.mine();
    return 'sent';
  }

  #answer(): void {
    if (this.problem !== undefined) throw new ChainProblem(this.problem, `the test says ${this.problem}`);
  }

  #nonce(): number {
    return this.#blocks.flatMap((block) => block.transactions).length;
  }

  #standing(root: string): AnchorBlock | undefined {
    const number = this.#blocks.findIndex((block) => block.transactions.some((one) => one.root === root));
    const block = this.#blocks[number];
    const transaction = block?.transactions.find((one) => one.root === root);
    if (block === undefined || transaction === undefined) return undefined;
    const paid = { hash: transaction.hash, gasUsed: 74_000n, gasPriceWei: 2n };
    return { number, hash: block.hash, timeMs: number * 1000, transaction: paid };
  }
}

function read(transaction: SignedAnchor): { nonce: number; root: string } {
  return JSON.parse(transaction.raw) as { nonce: number; root: string };
}

function digest(text: string): string {
  return `0x${createHash('sha256').update(text).digest('hex')}`;
}
