import type { Kysely } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { FailFrom } from '../testing/fault.ts';
import { createAnchorStore } from './anchor-store.ts';
import { createAnchorer } from './anchorer.ts';
import { fixture, openTestRecords, silent } from './fixture.suite.ts';
import { noFundsKnown } from './funds.ts';
import { MemoryChain } from './memory-chain.ts';
import { registerAnchorMetrics } from './metrics.ts';
import { enqueueLeaf } from './queue.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());

const { cooperativeId } = fixture;
const queue = (refId: string) =>
  enqueueLeaf(db, { cooperativeId, kind: 'lot', digest: '5'.repeat(64), refKind: 'lot', refId });

it('tells what waits, what is on its way, and what keeps it from the chain', async () => {
  const chain = new MemoryChain();
  chain.automine = false;
  const clock = { nowMs: () => 5_000 };
  const store = createAnchorStore(db);
  const anchorer = createAnchorer({ store, chain, clock, logger: silent, tickSeconds: 5 });
  const registry = new Registry();
  registerAnchorMetrics(registry, { db, clock, status: () => anchorer.status() });
  await queue('a');
  expect(await registry.metrics()).toContain('nongtin_anchoring_waiting_leaves 1');
  await anchorer.tick();
  await queue('b');
  await queue('c');
  const under = await registry.metrics();
  expect(under).toContain('nongtin_anchoring_waiting_leaves 2');
  expect(under).toContain('nongtin_anchoring_anchors{state="submitted"} 1');
  expect(under).toContain('nongtin_anchoring_anchors{state="forgotten"} 0');
  expect(under).toContain('nongtin_anchoring_state{state="ok"} 1');
  chain.problem = 'unreachable';
  await anchorer.tick();
  const away = await registry.metrics();
  expect(away).toContain('nongtin_anchoring_state{state="unreachable"} 1');
  expect(away).not.toContain('state="ok"');
  expect(away).toContain('nongtin_anchoring_state_since_seconds 5');
  expect(away).toContain('nongtin_anchoring_balance_wei 1000000000000000000');
  chain.problem = undefined;
  chain.mine(3);
  await anchorer.tick();
  const paid = await registry.metrics();
  expect(paid).toContain('nongtin_anchoring_day{of="leaves"} 1');
  expect(paid).toContain('nongtin_anchoring_day{of="gas"} 74000');
  expect(paid).toContain('nongtin_anchoring_day{of="wei"} 148000');
  expect(paid).toContain('nongtin_anchoring_funds_low 0');
});

it('still tells about the chain while the database is away', async () => {
  const registry = new Registry();
  const status = () => ({ state: 'no_funds', message: '', sinceMs: 1, funds: noFundsKnown }) as const;
  const clock = { nowMs: () => 5_000 };
  registerAnchorMetrics(registry, { db: db.withPlugin(new FailFrom(1)), clock, status });
  const text = await registry.metrics();
  expect(text).toContain('nongtin_anchoring_state{state="no_funds"} 1');
  expect(text).toContain('nongtin_anchoring_waiting_leaves Nan');
  expect(text).not.toContain('nongtin_anchoring_anchors{');
  expect(text).not.toContain('nongtin_anchoring_day{');
  expect(text).toContain('nongtin_anchoring_funds_days Nan');
});
