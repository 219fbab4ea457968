import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FeeQuestion, type FeeRules, feesFor } from './fees.ts';

const rules: FeeRules = {
  maxFeePerGasWei: 1_000n,
  transactionBudgetWei: 100_000_000n,
  dayBudgetWei: 1_000_000_000n,
  bumpAfterMs: 1,
};
const question: FeeQuestion = {
  price: { baseFeeWei: 100n, tipWei: 10n },
  gasLimit: 100_000n,
  spentTodayWei: 0n,
};
const ask = (change: Partial<FeeQuestion>, limits: Partial<FeeRules> = {}) =>
  feesFor({ ...question, ...change }, { ...rules, ...limits });

describe('what a transaction offers', () => {
  it('is twice the base fee and the tip, so that it is not outbid by the next blocks', () => {
    expect(ask({})).toEqual({ maxFeePerGasWei: 210n, maxPriorityFeePerGasWei: 10n });
  });

  it('is less than that where a limit says so, as long as the next block takes it', () => {
    expect(ask({}, { maxFeePerGasWei: 120n }).maxFeePerGasWei).toBe(120n);
    expect(ask({}, { transactionBudgetWei: 11_500_000n }).maxFeePerGasWei).toBe(115n);
    expect(ask({ spentTodayWei: 988_900_000n }).maxFeePerGasWei).toBe(111n);
  });

  it('is nothing when gas is dearer than allowed, with the figures', () => {
    const dear = { price: { baseFeeWei: 3n * 10n ** 9n, tipWei: 0n } };
    const cap = {
      maxFeePerGasWei: 2_500_000_000n,
      transactionBudgetWei: 10n ** 18n,
      dayBudgetWei: 10n ** 18n,
    };
    expect(() => ask(dear, cap)).toThrow('Gas needs 3 gwei a unit, more than the 2.5 allowed.');
  });

  it('is nothing when a budget is spent, and says which', () => {
    expect(() => ask({}, { transactionBudgetWei: 10_999_999n })).toThrow('the budget of one transaction');
    expect(() => ask({ spentTodayWei: 999_999_999n })).toThrow('the budget of 24 hours leaves 0.');
    expect(() => ask({ spentTodayWei: 5_000_000_000n })).toThrow('the budget of 24 hours leaves 0.');
  });

  it('to take a version’s place, is an eighth more of both than that offers, or else the price of now', () => {
    const low = { maxFeePerGasWei: 210n, maxPriorityFeePerGasWei: 10n };
    expect(ask({ replaces: low })).toEqual({ maxFeePerGasWei: 237n, maxPriorityFeePerGasWei: 12n });
    const spike = { baseFeeWei: 400n, tipWei: 50n };
    expect(ask({ replaces: low, price: spike })).toEqual({
      maxFeePerGasWei: 850n,
      maxPriorityFeePerGasWei: 50n,
    });
  });

  it('never breaks a limit, always pays the next block, and always outbids what it replaces', () => {
    const wei = (max: bigint) => fc.bigInt({ min: 0n, max });
    const fees = fc.record({ maxFeePerGasWei: wei(2_000n), maxPriorityFeePerGasWei: wei(500n) });
    fc.assert(
      fc.property(
        fc.record({ baseFeeWei: wei(1_500n), tipWei: wei(300n) }),
        fc.bigInt({ min: 21_000n, max: 200_000n }),
        wei(1_200_000_000n),
        fc.option(fees, { nil: undefined }),
        (price, gasLimit, spentTodayWei, replaces) => {
          let offered: ReturnType<typeof feesFor>;
          try {
            offered = ask({ price, gasLimit, spentTodayWei, ...(replaces && { replaces }) });
          } catch {
            return;
          }
          const { maxFeePerGasWei: max, maxPriorityFeePerGasWei: tip } = offered;
          const worst = max * gasLimit;
          expect(max <= rules.maxFeePerGasWei && worst <= rules.transactionBudgetWei).toBe(true);
          expect(spentTodayWei + worst <= rules.dayBudgetWei).toBe(true);
          expect(max >= price.baseFeeWei + tip && tip >= price.tipWei).toBe(true);
          if (replaces === undefined) return;
          expect(max * 8n >= replaces.maxFeePerGasWei * 9n).toBe(true);
          expect(tip * 8n >= replaces.maxPriorityFeePerGasWei * 9n).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
