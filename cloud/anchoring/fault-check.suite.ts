import type { Kysely } from 'kysely';
import { expect } from 'vitest';
import type { Schema } from '../records/index.ts';
import type { AnchorStore } from './anchor-store.ts';
import { type AnchorTrees, createAnchorTrees } from './anchor-trees.ts';
import type { ChainPort } from './chain-port.ts';
import { fixture } from './fixture.suite.ts';
import { enqueueLeaf } from './queue.ts';
import { standingOf } from './standing.ts';

/** What the chains say of roots, asked directly and not through what is tested. */
export interface Truth {
  /** latest: in any block. finalized: in one that cannot be undone. */
  stands(anchor: { root: string; registry: string }, at: 'latest' | 'finalized'): Promise<boolean>;
  /** The contract in use. */
  registry(): string;
}

export async function queueLeaves(db: Kysely<Schema>, names: readonly string[]): Promise<void> {
  for (const refId of names) {
    await enqueueLeaf(db, {
      ...{ cooperativeId: fixture.cooperativeId, kind: 'lot', digest: 'ab'.repeat(32) },
      ...{ refKind: 'lot', refId },
    });
  }
}

/** No leaf is shown as more than the chain says of it now. */
export async function expectNoMoreThanTrue(
  db: Kysely<Schema>,
  names: readonly string[],
  truth: Truth,
): Promise<void> {
  for (const name of names) {
    const standing = await standingOf(db, 'lot', name);
    const { state, anchor } = standing ?? { state: 'waiting', anchor: null };
    if (state === 'waiting' || anchor === null) continue;
    if (state === 'submitted') expect(anchor.transactionHash, `${name} is shown as sent`).not.toBeNull();
    else {
      const at = state === 'final' ? 'finalized' : 'latest';
      expect(await truth.stands(anchor, at), `${name} is shown as ${state}`).toBe(true);
    }
  }
}

/** Every leaf is final on the contract in use, and on each contract at most one of all trees that ever held it stands. */
export async function expectFinalOnce(
  db: Kysely<Schema>,
  names: readonly string[],
  truth: Truth,
): Promise<void> {
  for (const name of names) {
    const standing = await standingOf(db, 'lot', name);
    expect(standing, name).toMatchObject({ state: 'final', anchor: { registry: truth.registry() } });
  }
  await expectNoMoreThanTrue(db, names, truth);
  const rows = await db
    .selectFrom('anchor_leaves')
    .innerJoin('anchors', 'anchors.tree_id', 'anchor_leaves.anchor_id')
    .innerJoin('leaves', 'leaves.leaf_id', 'anchor_leaves.leaf_id')
    .select(['leaves.ref_id', 'anchors.anchor_id', 'anchors.root', 'anchors.registry'])
    .execute();
  const stands = new Map<number, boolean>();
  for (const row of rows)
    if (!stands.has(row.anchor_id)) stands.set(row.anchor_id, await truth.stands(row, 'latest'));
  for (const name of names) {
    const places = rows.filter((row) => row.ref_id === name && stands.get(row.anchor_id));
    const registries = places.map(({ registry }) => registry);
    expect(new Set(registries).size, `${name} stands once on a contract`).toBe(registries.length);
    expect(registries, name).toContain(truth.registry());
  }
}

/** Remembers each leaf's tree, root and path as it saw them first: what people keep in their bundles. */
export class KeptProofs {
  readonly #db: Kysely<Schema>;
  readonly #trees: AnchorTrees;
  readonly #kept = new Map<string, string>();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
    this.#trees = createAnchorTrees(db);
  }

  async expectUnchanged(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const anchor = (await standingOf(this.#db, 'lot', name))?.anchor;
      const kept = this.#kept.get(name);
      if (anchor == null) expect(kept, `${name} was in a tree`).toBeUndefined();
      else {
        const { treeId, leafIndex, root, treeSize } = anchor;
        const path = await this.#trees.pathOf(treeId, leafIndex);
        const proof = JSON.stringify({ leafIndex, root, treeSize, path });
        expect(proof, `the proof of ${name}`).toBe(kept ?? proof);
        this.#kept.set(name, proof);
      }
    }
  }
}

/** Dies at the call of this number, counted from the first, before it has an effect or after; from then on every call fails. */
export class Death {
  readonly #at: number;
  readonly #afterEffect: boolean;
  calls = 0;

  constructor(at: number, afterEffect: boolean) {
    this.#at = at;
    this.#afterEffect = afterEffect;
  }

  get isDead(): boolean {
    return this.calls >= this.#at;
  }

  chain(chain: ChainPort): ChainPort {
    return {
      view: this.#mortal((...args: Parameters<ChainPort['view']>) => chain.view(...args)),
      find: this.#mortal((...args: Parameters<ChainPort['find']>) => chain.find(...args)),
      sign: this.#mortal((...args: Parameters<ChainPort['sign']>) => chain.sign(...args)),
      send: this.#mortal((...args: Parameters<ChainPort['send']>) => chain.send(...args)),
    };
  }

  store(store: AnchorStore): AnchorStore {
    const { ledger } = store;
    return {
      open: this.#mortal(() => store.open()),
      newestStanding: this.#mortal(() => store.newestStanding()),
      standing: this.#mortal((...args: Parameters<AnchorStore['standing']>) => store.standing(...args)),
      toRepeat: this.#mortal((...args: Parameters<AnchorStore['toRepeat']>) => store.toRepeat(...args)),
      elsewhere: this.#mortal((...args: Parameters<AnchorStore['elsewhere']>) => store.elsewhere(...args)),
      finalAbove: this.#mortal((...args: Parameters<AnchorStore['finalAbove']>) => store.finalAbove(...args)),
      waiting: this.#mortal(() => store.waiting()),
      gather: this.#mortal((...args: Parameters<AnchorStore['gather']>) => store.gather(...args)),
      submitted: this.#mortal((...args: Parameters<AnchorStore['submitted']>) => store.submitted(...args)),
      recordBlock: this.#mortal((...args: Parameters<AnchorStore['recordBlock']>) =>
        store.recordBlock(...args),
      ),
      setState: this.#mortal((...args: Parameters<AnchorStore['setState']>) => store.setState(...args)),
      carryOver: this.#mortal((...args: Parameters<AnchorStore['carryOver']>) => store.carryOver(...args)),
      ledger: {
        write: this.#mortal((...args: Parameters<typeof ledger.write>) => ledger.write(...args)),
        versionsOf: this.#mortal((...args: Parameters<typeof ledger.versionsOf>) =>
          ledger.versionsOf(...args),
        ),
        at: this.#mortal((...args: Parameters<typeof ledger.at>) => ledger.at(...args)),
        spentSince: this.#mortal((...args: Parameters<typeof ledger.spentSince>) =>
          ledger.spentSince(...args),
        ),
        firstSince: this.#mortal((...args: Parameters<typeof ledger.firstSince>) =>
          ledger.firstSince(...args),
        ),
      },
    };
  }

  #mortal<A extends readonly unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      this.calls += 1;
      if (this.calls > this.#at || (this.isDead && !this.#afterEffect)) throw new Error('killed');
      const result = await call(...args);
      if (this.isDead) throw new Error('killed');
      return result;
    };
  }
}
