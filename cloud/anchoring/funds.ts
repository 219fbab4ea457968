/** Whether the account that pays for anchors will go on being able to. Wei as decimal text, for JSON. */
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
}

export const FUNDS_WINDOW_MS = 7 * 86_400_000;
const DAY_MS = 86_400_000;

/** The balance divided by what the last days cost: an alarm before the first transaction fails, not after. */
export function fundsOf(question: FundsQuestion): Funds {
  const { address, balanceWei, spentWei, firstAtMs, nowMs, warnDays } = question;
  // A burst in the first hours is no day's cost; less than a day counts as one.
  const spanMs = BigInt(Math.max(DAY_MS, nowMs - (firstAtMs ?? nowMs)));
  const spentPerDayWei = (spentWei * BigInt(DAY_MS)) / spanMs;
  const daysLeft = spentPerDayWei === 0n ? null : Number((balanceWei * 10n) / spentPerDayWei) / 10;
  const isLow = balanceWei === 0n || (daysLeft !== null && daysLeft < warnDays);
  const left =
    daysLeft === null
      ? 'The account has nothing.'
      : `At the pace of the last days it pays for ${daysLeft} days.`;
  return {
    state: isLow ? 'low' : 'ok',
    balanceWei: balanceWei.toString(),
    spentPerDayWei: spentPerDayWei.toString(),
    daysLeft,
    message: isLow ? `${left} Send some to ${address} before anchors have to wait.` : '',
  };
}
