import type { Kysely } from 'kysely';
import { expect } from 'vitest';
import type { Schema } from '../records/index.ts';
import type { AnchorStore } from './anchor-store.ts';
import type { ChainPort } from './chain-port.ts';
import { fixture } from './fixture.suite.ts';
import { enqueueLeaf } from './queue.ts';
import { standingOf } from './standing.ts';

/** What a chain says of roots, asked directly and not through what is tested. */
export interface Truth {
  /** latest: in any block. finalized: in one that cannot be undone. */
  stands(root: string, at: 'latest' | 'finalized'): Promise<boolean>;
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
      expect(await truth.stands(anchor.root, at), `${name} is shown as ${state}`).toBe(true);
    }
  }
}

/** Every leaf is final, on the chain too, and of all trees that ever held it only one stands there. */
export async function expectFinalOnce(
  db: Kysely<Schema>,
  names: readonly string[],
  truth: Truth,
): Promise<void> {
  for (const name of names) expect((await standingOf(db, 'lot', name))?.state, name).toBe('final');
  await expectNoMoreThanTrue(db, names, truth);
  const rows = await db
    .selectFrom('anchor_leaves')
    .innerJoin('anchors', 'anchors.anchor_id', 'anchor_leaves.anchor_id')
    .innerJoin('leaves', 'leaves.leaf_id', 'anchor_leaves.leaf_id')
    .select(['leaves.ref_id', 'anchors.root'])
    .execute();
  const stands = new Map<string, boolean>();
  for (const { root } of rows) if (!stands.has(root)) stands.set(root, await truth.stands(root, 'latest'));
  for (const name of names) {
    const roots = rows.filter((row) => row.ref_id === name && stands.get(row.root));
    expect(roots, `${name} stands once`).toHaveLength(1);
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
      standsElsewhere: this.#mortal((...args: Parameters<AnchorStore['standsElsewhere']>) =>
        store.standsElsewhere(...args),
      ),
      finalAbove: this.#mortal((...args: Parameters<AnchorStore['finalAbove']>) => store.finalAbove(...args)),
      waiting: this.#mortal(() => store.waiting()),
      gather: this.#mortal((...args: Parameters<AnchorStore['gather']>) => store.gather(...args)),
      submitted: this.#mortal((...args: Parameters<AnchorStore['submitted']>) => store.submitted(...args)),
      recordBlock: this.#mortal((...args: Parameters<AnchorStore['recordBlock']>) =>
        store.recordBlock(...args),
      ),
      setState: this.#mortal((...args: Parameters<AnchorStore['setState']>) => store.setState(...args)),
      release: this.#mortal((...args: Parameters<AnchorStore['release']>) => store.release(...args)),
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
