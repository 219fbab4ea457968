import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { createAnchorStore, type OpenAnchor } from './anchor-store.ts';
import { createAnchorer } from './anchorer.ts';
import type { ChainPort, ChainView, Finding, SendOutcome, SignedTransaction } from './chain-port.ts';
import { emptyAnchors, fixture, openTestRecords, silent } from './fixture.suite.ts';
import { enqueueLeaf } from './queue.ts';
import { countWaiting, listAnchors } from './standing.ts';
import type { AnchorEvent, AnchorState } from './state.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());
beforeEach(() => emptyAnchors(db));

type Row = readonly [AnchorState, AnchorEvent, AnchorState, string];
const NONCE = 7;

/** What is done, in the words of the scripted chain. */
const nothing = '';
const again = `send ${NONCE}`;
const signs = 'sign 20, send 20';
const bumps = `sign ${NONCE}, send ${NONCE}`;
const fills = `fill 5, send 5, send ${NONCE}`;
/** The same tree, in a row of the deployment in use. */
const carries = `there: ${signs}`;

/** The whole table, once more and by hand: from which state, by what the chain says, to which state, and what is done. */
const rows: readonly Row[] = [
  ['waiting', 'standing', 'mined', nothing],
  ['waiting', 'finalized', 'final', nothing],
  ['waiting', 'pending', 'submitted', nothing],
  ['waiting', 'stuck', 'submitted', bumps],
  ['waiting', 'dropped', 'submitted', again],
  ['waiting', 'gap', 'submitted', fills],
  ['waiting', 'overtaken', 'submitted', nothing],
  ['waiting', 'lost', 'submitted', signs],
  ['waiting', 'elsewhere', 'forgotten', carries],
  ['submitted', 'standing', 'mined', nothing],
  ['submitted', 'finalized', 'final', nothing],
  ['submitted', 'pending', 'submitted', nothing],
  ['submitted', 'stuck', 'submitted', bumps],
  ['submitted', 'dropped', 'submitted', again],
  ['submitted', 'gap', 'submitted', fills],
  ['submitted', 'overtaken', 'submitted', nothing],
  ['submitted', 'lost', 'submitted', signs],
  ['submitted', 'elsewhere', 'forgotten', carries],
  ['mined', 'standing', 'mined', nothing],
  ['mined', 'finalized', 'final', nothing],
  ['mined', 'pending', 'submitted', nothing],
  ['mined', 'stuck', 'submitted', nothing],
  ['mined', 'dropped', 'submitted', again],
  ['mined', 'gap', 'submitted', fills],
  ['mined', 'overtaken', 'submitted', nothing],
  ['mined', 'lost', 'submitted', nothing],
  ['mined', 'elsewhere', 'forgotten', carries],
  ['final', 'standing', 'mined', nothing],
  ['final', 'finalized', 'final', nothing],
  ['final', 'pending', 'submitted', nothing],
  ['final', 'stuck', 'submitted', nothing],
  ['final', 'dropped', 'submitted', again],
  ['final', 'gap', 'submitted', fills],
  ['final', 'overtaken', 'submitted', nothing],
  ['final', 'lost', 'submitted', nothing],
  ['final', 'elsewhere', 'forgotten', carries],
];

const HOUR_MS = 3_600_000;
const here: ChainView = {
  ...{ chainId: 1, registry: '0xhere', headNumber: 10, finalizedNumber: 5 },
  // Not the block we know: whatever is believed to stand is looked up again.
  blockHash: '0xother',
  price: { baseFeeWei: 1n, tipWei: 1n },
  account: { address: '0xme', balanceWei: 10n ** 18n },
};

function transaction(nonce: number, maxFeePerGasWei = 3n): SignedTransaction {
  const hash = `0x${nonce} ${maxFeePerGasWei}`;
  const fees = { maxFeePerGasWei, maxPriorityFeePerGasWei: 1n };
  return { hash, raw: hash, sender: '0xme', nonce, gasLimit: 80_000n, fees };
}

function findingOf(event: AnchorEvent): Finding {
  const block = { hash: '0xnew', timeMs: 1, transaction: null };
  if (event === 'standing') return { kind: 'standing', block: { ...block, number: 9 } };
  if (event === 'finalized') return { kind: 'standing', block: { ...block, number: 3 } };
  if (event === 'gap') return { kind: 'gap', nextNonce: 5 };
  if (event === 'stuck') return { kind: 'pending' };
  return { kind: event === 'elsewhere' ? 'lost' : event };
}

/** A chain that says what it is told to, and what it was asked to do. */
function scripted(event: AnchorEvent, outcomes: SendOutcome[] = []) {
  const done: string[] = [];
  const chain: ChainPort = {
    view: async () => ({ ...here, registry: event === 'elsewhere' ? '0xthere' : here.registry }),
    find: async () => findingOf(event),
    sign: async (_anchor, { feesFor, replaces, fillsNonce }) => {
      const nonce = fillsNonce ?? replaces?.nonce ?? 20;
      done.push(`${fillsNonce === undefined ? 'sign' : 'fill'} ${nonce}`);
      return transaction(nonce, feesFor(80_000n).maxFeePerGasWei + 1n);
    },
    send: async ({ nonce }) => {
      done.push(`send ${nonce}`);
      return outcomes.shift() ?? 'sent';
    },
  };
  return { chain, done };
}

const store = () => createAnchorStore(db);

/** One leaf in one tree, in this state, with a version of nonce 7 unless it waits for its first. */
async function anchorIn(state: AnchorState, isSigned: boolean): Promise<OpenAnchor> {
  await enqueueLeaf(db, {
    ...{ cooperativeId: fixture.cooperativeId, kind: 'lot', digest: '5'.repeat(64) },
    ...{ refKind: 'lot', refId: 'a' },
  });
  const anchor = await store().gather(here, 1);
  if (anchor === undefined) throw new Error('nothing waits');
  const { anchorId } = anchor;
  if (isSigned) await store().ledger.write({ kind: 'anchor', id: anchorId }, transaction(NONCE), here, 1);
  if (state !== 'waiting') await store().submitted(anchorId, transaction(NONCE), 1);
  const block = { number: 4, hash: '0xknown', timeMs: 1, transaction: null };
  if (state === 'mined' || state === 'final') await store().recordBlock(anchor, state, block, 1);
  return anchor;
}

function anchorerFor(chain: ChainPort, event: AnchorEvent) {
  const clock = { nowMs: () => (event === 'stuck' ? HOUR_MS : 2) };
  const options = { store: store(), chain, clock, logger: silent, tickSeconds: 5 };
  return createAnchorer({ ...options, trees: { everySeconds: 2 * HOUR_MS, atLeaves: 99 } });
}

describe('the life of an anchor', () => {
  it.each(rows)('%s, the chain says %s: then %s; %s', async (state, event, next, done) => {
    await anchorIn(state, state !== 'waiting' || (event !== 'lost' && event !== 'elsewhere'));
    const { chain, done: saw } = scripted(event);
    const anchorer = anchorerFor(chain, event);
    await anchorer.tick();
    if (event === 'lost' && state === 'submitted') {
      // What cannot be undone is done when three looks have said it.
      expect((await listAnchors(db, 1))[0]?.state).toBe(state);
      expect(saw).toEqual([]);
      await anchorer.tick();
      await anchorer.tick();
    }
    expect(anchorer.status().state).toBe('ok');
    const rowsOfTree = await listAnchors(db, 10);
    expect(rowsOfTree.at(-1)?.state).toBe(next);
    expect(rowsOfTree.slice(0, -1).map(({ state: there, registry }) => `${there} ${registry}`)).toEqual(
      done === carries ? ['submitted 0xthere'] : [],
    );
    expect(saw.join(', ')).toBe(done === carries ? signs : done);
    expect(await countWaiting(db)).toBe(0);
  });

  it('has a row for each event of each state but the last, from which nothing leads away', async () => {
    const names = rows.map(([state, event]) => `${state} ${event}`);
    expect(new Set(names).size).toBe(4 * 9);
    const anchor = await anchorIn('submitted', true);
    await store().carryOver([anchor], { chainId: 1, registry: '0xthere' }, 3);
    const { chain, done } = scripted('finalized');
    const there = { ...chain, view: async () => ({ ...here, registry: '0xthere' }) };
    await anchorerFor(there, 'finalized').tick();
    expect((await listAnchors(db, 2)).map(({ state }) => state)).toEqual(['final', 'forgotten']);
    expect(done).toEqual([]);
  });

  it('sent, underpriced: it is signed for more at once, and again at the next look', async () => {
    await anchorIn('submitted', true);
    const { chain, done } = scripted('dropped', ['underpriced', 'underpriced']);
    const anchorer = anchorerFor(chain, 'dropped');
    await anchorer.tick();
    expect(done.join(', ')).toBe(`send ${NONCE}, ${bumps}`);
    expect(anchorer.status().state).toBe('refused');
    await anchorer.tick();
    expect(anchorer.status().state).toBe('ok');
    expect((await listAnchors(db, 1))[0]?.state).toBe('submitted');
  });

  it('sent, refused: nothing else is signed, and the same is sent at the next look', async () => {
    await anchorIn('submitted', true);
    const { chain, done } = scripted('dropped', ['refused']);
    const anchorer = anchorerFor(chain, 'dropped');
    await anchorer.tick();
    expect(anchorer.status().state).toBe('refused');
    await anchorer.tick();
    expect(done.join(', ')).toBe(`${again}, ${again}`);
    expect(anchorer.status().state).toBe('ok');
  });

  it('replaced: the version that is mined counts, whichever it is, and its cost is its own', async () => {
    const { anchorId } = await anchorIn('submitted', true);
    const purpose = { kind: 'anchor', id: anchorId } as const;
    const [first, second] = [transaction(NONCE), transaction(NONCE, 9n)];
    await store().ledger.write(purpose, second, here, 2);
    const paid = { hash: first.hash, gasUsed: 70_000n, gasPriceWei: 2n };
    const block = { number: 3, hash: '0xnew', timeMs: 1, transaction: paid };
    const { chain } = scripted('finalized');
    await anchorerFor({ ...chain, find: async () => ({ kind: 'standing', block }) }, 'finalized').tick();
    expect((await listAnchors(db, 1))[0]).toMatchObject({
      ...{ state: 'final', transactionHash: first.hash },
      costWei: '140000',
    });
    // One nonce, one price: the other version costs nothing any more.
    expect(await store().ledger.spentSince({ chainId: 1, address: '0xme' }, 0)).toBe(140_000n);
  });

  it('a gap that a transaction of ours can fill is filled with that one, and no other is signed', async () => {
    await anchorIn('submitted', true);
    const other = { kind: 'anchor', id: 999 } as const;
    await store().ledger.write(other, transaction(5), here, 1);
    const { chain, done } = scripted('gap');
    await anchorerFor(chain, 'gap').tick();
    expect(done.join(', ')).toBe(`send 5, ${again}`);
  });

  it('what was signed for a nonce that is lost is never sent again, not even to fill a gap', async () => {
    const { anchorId } = await anchorIn('submitted', true);
    const purpose = { kind: 'anchor', id: anchorId } as const;
    await store().ledger.write(purpose, transaction(5), here, 1);
    await store().ledger.write(purpose, transaction(NONCE, 9n), here, 2);
    const { chain, done } = scripted('gap');
    await anchorerFor(chain, 'gap').tick();
    expect(done.join(', ')).toBe(fills);
  });
});
