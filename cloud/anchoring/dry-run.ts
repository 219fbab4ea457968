import { randomBytes } from 'node:crypto';
import type { AnchorStore } from './anchor-store.ts';
import { ChainProblem, type Fees } from './chain-port.ts';
import type { EthersChain } from './ethers-chain.ts';
import { type FeeRules, feesFor } from './fees.ts';

/** What the next tree would cost, with nothing signed and nothing sent. Wei as decimal text. */
export interface DryRun {
  readonly chainId: number;
  readonly waitingLeaves: number;
  /** Of the tree that is reckoned with: what waits, or one leaf. */
  readonly treeSize: number;
  readonly gas: number;
  readonly baseFeeWei: string;
  readonly tipWei: string;
  readonly costWei: string;
  readonly costPerLeafWei: string;
  /** The most that the transaction would allow; null when the rules for fees keep it from being sent. */
  readonly worstWei: string | null;
  readonly wouldSend: boolean;
  /** Why it would not be sent; empty when it would. */
  readonly message: string;
}

interface DryRunParts {
  readonly store: AnchorStore;
  readonly chain: EthersChain;
  readonly fees: FeeRules;
  readonly clock: { nowMs(): number };
}

const DAY_MS = 86_400_000;

/** Rejects with a ChainProblem when the chain gives no answer, or would refuse the anchor. */
export async function dryRun({ store, chain, fees: rules, clock }: DryRunParts): Promise<DryRun> {
  const view = await chain.view();
  const { leaves } = await store.waiting();
  const treeSize = Math.max(1, leaves);
  // What is anchored is of no weight: a root is one word.
  const gas = await chain.gasOf({ root: `0x${randomBytes(32).toString('hex')}`, treeSize });
  const { price, chainId, account } = view;
  const payer = { chainId, address: account?.address ?? '' };
  const spentTodayWei = await store.ledger.spentSince(payer, clock.nowMs() - DAY_MS);
  const gasLimit = (gas * 6n) / 5n;
  const offered = offer(() => feesFor({ price, gasLimit, spentTodayWei }, rules));
  const costWei = gas * (price.baseFeeWei + price.tipWei);
  return {
    ...{ chainId, waitingLeaves: leaves, treeSize, gas: Number(gas) },
    baseFeeWei: price.baseFeeWei.toString(),
    tipWei: price.tipWei.toString(),
    costWei: costWei.toString(),
    costPerLeafWei: (costWei / BigInt(treeSize)).toString(),
    worstWei: offered.fees === undefined ? null : (gasLimit * offered.fees.maxFeePerGasWei).toString(),
    wouldSend: offered.fees !== undefined,
    message: offered.message,
  };
}

function offer(ask: () => Fees): { readonly fees: Fees | undefined; readonly message: string } {
  try {
    return { fees: ask(), message: '' };
  } catch (error) {
    if (error instanceof ChainProblem) return { fees: undefined, message: error.message };
    throw error;
  }
}
