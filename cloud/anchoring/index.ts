export { createAnchorStore } from './anchor-store.ts';
export { type AnchorTrees, createAnchorTrees } from './anchor-trees.ts';
export { type Anchorer, createAnchorer } from './anchorer.ts';
export { oldTreesStanding } from './carried-over.ts';
export {
  ChainProblem,
  type ChainView,
  type Finding,
  type PaidTransaction,
  type SendOutcome,
  type SignedTransaction,
  type Terms,
} from './chain-port.ts';
export { dryRun } from './dry-run.ts';
export { openEndpoints } from './endpoints.ts';
export {
  type Ask,
  asking,
  CONFIRMATIONS,
  type ContractCall,
  fateOf,
  numberHex,
  paidBy,
  requireBlock,
  sendSigned,
  signCall,
  viewOf,
} from './ethereum.ts';
export { createEthersChain } from './ethers-chain.ts';
export { defaultFeeRules, type FeeRules } from './fees.ts';
export { finalizedNumber } from './finality.ts';
export { type Funds, FundsWatch } from './funds.ts';
export { httpRpc, RpcError } from './http-rpc.ts';
export { registerAnchorMetrics, registerStatusMetrics } from './metrics.ts';
export { compareWithChain } from './on-chain.ts';
export { enqueueLeaf, type LeafReference, type NewLeaf } from './queue.ts';
export { Rounds, type RoundsStatus } from './rounds.ts';
export { anchorRoutes } from './routes.ts';
export { type Errand, eventOfWaiting, Sending } from './sending.ts';
export { type Standing, standingOf, statesOf } from './standing.ts';
export { type AnchorAction, type AnchorEvent, type AnchorState, nextStep } from './state.ts';
export {
  createTransactionLedger,
  type TransactionLedger,
  type Version,
  writePaid,
} from './transactions.ts';
export { hashOf } from './tree-of-leaves.ts';
export type { TreeRules } from './tree-rules.ts';
