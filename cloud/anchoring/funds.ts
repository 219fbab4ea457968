import type { Logger } from '@nongtin/service';
import type { ChainView } from './chain-port.ts';
import type { TransactionLedger } from './transactions.ts';

/** Whether an account that pays for transactions will go on being able to. Wei as decimal text, for JSON. */
export interface Funds {
  /** unknown: the chain has not answered yet, or there is no account. */
  readonly state: 'unknown' | 'ok' | 'low';
  readonly balanceWei: string | null;
  /** Of the last seven days, or of as many as there are. */
  readonly spentPerDayWei: string | null;
  /** null: nothing has been spent, so nobody knows. */
  readonly daysLeft: number | null;
  /** For a person; empty while all is well. */
  readonly message: string;
}

export const noFundsKnown: Funds = {
  state: 'unknown',
  balanceWei: null,
  spentPerDayWei: null,
  daysLeft: null,
  message: '',
};

export interface FundsQuestion {
  readonly address: string;
  readonly balanceWei: bigint;
  /** In the window of seven days. */
  readonly spentWei: bigint;
  /** The first transaction in the window; undefined: none. */
  readonly firstAtMs: number | undefined;
  readonly nowMs: number;
  /** Fewer days than this are an alarm. */
  readonly warnDays: number;
  /** Less than this is an alarm at any pace; default: nothing at all. */
  readonly reserveWei?: bigint;
  /** For the message: 'anchors'. */
  readonly pays: string;
}

const FUNDS_WINDOW_MS = 7 * 86_400_000;
const DAY_MS = 86_400_000;

/** The balance divided by what the last days cost: an alarm before the first transaction fails, not after. */
export function fundsOf(question: FundsQuestion): Funds {
  const { address, balanceWei, spentWei, firstAtMs, nowMs, warnDays, reserveWei = 1n, pays } = question;
  // A burst in the first hours is no day's cost; less than a day counts as one.
  const spanMs = BigInt(Math.max(DAY_MS, nowMs - (firstAtMs ?? nowMs)));
  const spentPerDayWei = (spentWei * BigInt(DAY_MS)) / spanMs;
  const daysLeft = spentPerDayWei === 0n ? null : Number((balanceWei * 10n) / spentPerDayWei) / 10;
  const isShort = balanceWei < reserveWei;
  const isLow = isShort || (daysLeft !== null && daysLeft < warnDays);
  const left =
    balanceWei === 0n
      ? 'The account has nothing.'
      : isShort || daysLeft === null
        ? 'The account has hardly enough for the next transactions.'
        : `At the pace of the last days it pays for ${daysLeft} days.`;
  return {
    state: isLow ? 'low' : 'ok',
    balanceWei: balanceWei.toString(),
    spentPerDayWei: spentPerDayWei.toString(),
    daysLeft,
    message: isLow ? `${left} Send some to ${address} before ${pays} have to wait.` : '',
  };
}

export interface FundsWatchOptions {
  readonly ledger: Pick<TransactionLedger, 'spentSince' | 'firstSince'>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Money for fewer days than this is an alarm; default 7. */
  readonly warnDays?: number | undefined;
  /** Who spends, for logs: 'anchorer'. */
  readonly name: string;
  /** What waits without money, in the plural: 'anchors'. */
  readonly pays: string;
  /** Money for less gas than this, at the price of now, is an alarm too: for who spends so rarely that there is no pace. */
  readonly reserveGas?: bigint;
}

/** What an account has, looked up at each view of the chain; the log is told when it runs out, and when it has some again. */
export class FundsWatch {
  readonly #options: FundsWatchOptions;
  #funds = noFundsKnown;

  constructor(options: FundsWatchOptions) {
    this.#options = options;
  }

  /** As of the last look that the chain answered. */
  get funds(): Funds {
    return this.#funds;
  }

  async look({ chainId, account, price }: ChainView): Promise<void> {
    if (account === undefined) return;
    const { ledger, clock, logger, warnDays = 7, name: of, pays, reserveGas } = this.#options;
    const [nowMs, payer] = [clock.nowMs(), { chainId, address: account.address }];
    const sinceMs = nowMs - FUNDS_WINDOW_MS;
    const spentWei = await ledger.spentSince(payer, sinceMs);
    const firstAtMs = await ledger.firstSince(payer, sinceMs);
    const reserve =
      reserveGas === undefined ? {} : { reserveWei: reserveGas * (2n * price.baseFeeWei + price.tipWei) };
    const before = this.#funds.state;
    this.#funds = fundsOf({ ...account, spentWei, firstAtMs, nowMs, warnDays, pays, ...reserve });
    const { state } = this.#funds;
    if (state === before) return;
    if (state === 'low') logger.warn({ of, funds: this.#funds }, 'money for gas runs out');
    else if (before === 'low') logger.info({ of, funds: this.#funds }, 'money for gas again');
  }
}
