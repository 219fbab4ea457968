import { ChainProblem, type Fees, type GasPrice } from './chain-port.ts';

/** How much may be paid. */
export interface FeeRules {
  /** For a unit of gas, base fee and tip together; above it we wait until gas is cheaper. */
  readonly maxFeePerGasWei: bigint;
  /** For one transaction at the worst: its gas limit times what it offers. */
  readonly transactionBudgetWei: bigint;
  /** For one account in 24 hours. */
  readonly dayBudgetWei: bigint;
  /** A transaction that has been in the pool for so long is offered more for. */
  readonly bumpAfterMs: number;
}

const GWEI = 10n ** 9n;

export const defaultFeeRules: FeeRules = {
  maxFeePerGasWei: 200n * GWEI,
  // 74,000 gas at the price above, and some more.
  transactionBudgetWei: 2n * 10n ** 16n,
  dayBudgetWei: 10n ** 18n,
  bumpAfterMs: 60_000,
};

export interface FeeQuestion {
  readonly price: GasPrice;
  readonly gasLimit: bigint;
  /** Of the same account in the last 24 hours, what is under way counted at its worst; without what is replaced now. */
  readonly spentTodayWei: bigint;
  /** What the version offers whose place is taken. */
  readonly replaces?: Fees;
}

/**
 * What to offer: twice the base fee and the tip, so that six full blocks in a row do not outbid it (the base fee rises by an
 * eighth a block at most, EIP-1559); to take another one's place, at least an eighth more of both than that one offers,
 * because nodes take no less (geth, besu and erigon 10 %, some 12.5 %). Throws a ChainProblem when the rules do not allow what
 * is needed.
 */
export function feesFor(question: FeeQuestion, rules: FeeRules): Fees {
  const { price, replaces } = question;
  const limit = tightest(question, rules);
  const floor = replaces && { max: anEighthMore(replaces.maxFeePerGasWei), tip: tipFloor(replaces) };
  const tip = highest(price.tipWei, floor?.tip ?? 0n);
  const needed = highest(price.baseFeeWei + tip, floor?.max ?? 0n);
  if (needed > limit.perGasWei) throw tooDear(needed, limit);
  const wanted = highest(2n * price.baseFeeWei + tip, needed);
  return { maxFeePerGasWei: lowest(wanted, limit.perGasWei), maxPriorityFeePerGasWei: tip };
}

interface Limit {
  readonly perGasWei: bigint;
  readonly of: 'gas' | 'transaction' | 'day';
}

function tightest({ gasLimit, spentTodayWei }: FeeQuestion, rules: FeeRules): Limit {
  const left = highest(rules.dayBudgetWei - spentTodayWei, 0n);
  const limits: Limit[] = [
    { of: 'gas', perGasWei: rules.maxFeePerGasWei },
    { of: 'transaction', perGasWei: rules.transactionBudgetWei / gasLimit },
    { of: 'day', perGasWei: left / gasLimit },
  ];
  return limits.reduce((least, one) => (one.perGasWei < least.perGasWei ? one : least));
}

function tooDear(neededWei: bigint, { of, perGasWei }: Limit): ChainProblem {
  const needed = `Gas needs ${inGwei(neededWei)} gwei a unit`;
  const waits = 'What waits is kept and sent when gas is cheaper';
  if (of === 'gas')
    return new ChainProblem(
      'fees_too_high',
      `${needed}, more than the ${inGwei(perGasWei)} allowed. ${waits}.`,
    );
  const budget = of === 'day' ? 'budget of 24 hours' : 'budget of one transaction';
  const message = `${needed}; the ${budget} leaves ${inGwei(perGasWei)}. ${waits}, or with a larger budget.`;
  return new ChainProblem('budget_spent', message);
}

/** Three digits behind the point, rounded up. */
function inGwei(wei: bigint): string {
  return String(Number((wei + 999_999n) / 1_000_000n) / 1000);
}

/** A tip of nothing takes at least one wei more. */
function tipFloor({ maxPriorityFeePerGasWei }: Fees): bigint {
  return highest(anEighthMore(maxPriorityFeePerGasWei), 1n);
}

function anEighthMore(wei: bigint): bigint {
  return (wei * 9n + 7n) / 8n;
}

function highest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function lowest(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
