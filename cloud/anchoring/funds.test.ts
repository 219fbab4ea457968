import { expect, it } from 'vitest';
import { fundsOf } from './funds.ts';

const DAY_MS = 86_400_000;
const question = {
  ...{ address: '0xme', balanceWei: 100n, spentWei: 70n, warnDays: 7, reserveWei: 1n, pays: 'anchors' },
  ...{ firstAtMs: 0, nowMs: 7 * DAY_MS },
};
const of = (change: Partial<typeof question> | { firstAtMs: undefined }) =>
  fundsOf({ ...question, ...change });

it('tells for how many days the balance does at the pace of the last ones', () => {
  expect(of({})).toMatchObject({ state: 'ok', spentPerDayWei: '10', daysLeft: 10, message: '' });
});

it('is an alarm before it happens, with the account that needs money', () => {
  const low = of({ balanceWei: 69n });
  expect(low).toMatchObject({ state: 'low', daysLeft: 6.9 });
  expect(low.message).toBe(
    'At the pace of the last days it pays for 6.9 days. Send some to 0xme before anchors have to wait.',
  );
});

it('takes what was spent in the first hours for a day’s cost', () => {
  expect(of({ firstAtMs: 7 * DAY_MS - 60_000 }).spentPerDayWei).toBe('70');
  expect(of({ firstAtMs: 4 * DAY_MS }).spentPerDayWei).toBe('23');
});

it('knows no pace before anything was spent, and calls an empty account low all the same', () => {
  const unspent = { spentWei: 0n, firstAtMs: undefined };
  expect(of(unspent)).toMatchObject({ state: 'ok', daysLeft: null });
  expect(of({ ...unspent, balanceWei: 0n })).toMatchObject({ state: 'low', daysLeft: null });
});

it('is an alarm at any pace when the next transactions could not be paid', () => {
  const low = of({ spentWei: 0n, reserveWei: 101n });
  expect(low).toMatchObject({ state: 'low', daysLeft: null });
  expect(low.message).toContain('hardly enough');
  expect(of({ reserveWei: 100n }).state).toBe('ok');
});
