import { expect, it } from 'vitest';
import type { Funds, RoundsStatus } from './anchoring/index.ts';
import { chainReadiness } from './chain-readiness.ts';

const fundsOf = (state: Funds['state']): Funds => ({
  ...{ state, balanceWei: '42', spentPerDayWei: null, daysLeft: null },
  message: 'Send some to 0xabc.',
});
const statusOf = (state: RoundsStatus['state'], funds: Funds['state'] = 'ok', refused = 0) => ({
  ...{ state, message: 'of 0xabc', sinceMs: 1, funds: fundsOf(funds), held: [], refused },
});

async function told(anchorer: ReturnType<typeof statusOf>, registrar: ReturnType<typeof statusOf>) {
  const found = chainReadiness({ status: () => anchorer }, { status: () => registrar });
  const states = await Promise.all(found.map(async ({ name, check }) => [name, await check()]));
  expect(found.some(({ vital }) => vital)).toBe(false);
  return Object.fromEntries(states);
}

it('says ok while all is well', async () => {
  const all = { chain: 'ok', gas: 'ok', registry: 'ok', registryGas: 'ok' };
  expect(await told(statusOf('ok'), statusOf('ok', 'unknown'))).toEqual(all);
});

it('says what keeps us from the chain, whose account runs dry and what to do, and no address', async () => {
  const found = await told(statusOf('held', 'low'), statusOf('not_admitted', 'low'));
  expect(found.chain).toMatch(/^held: keys have to be final/);
  expect(found.gas).toMatch(/^low: .*NONGTIN_ANCHORER_KEYSTORE/);
  expect(found.registry).toMatch(/^not_admitted: the alliance has to admit/);
  expect(found.registryGas).toMatch(/^low: .*NONGTIN_COOPERATIVE_KEYSTORE/);
  expect(JSON.stringify(found)).not.toContain('0xabc');
  const refused = await told(statusOf('no_permission'), statusOf('ok', 'ok', 2));
  expect(refused.chain).toMatch(/^no_permission: the contract refuses our account/);
  expect(refused.registry).toMatch(/^refused_orders: another key has the id of 2/);
});
