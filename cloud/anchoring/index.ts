export { createAnchorStore } from './anchor-store.ts';
export { type AnchorTrees, createAnchorTrees } from './anchor-trees.ts';
export { type Anchorer, createAnchorer } from './anchorer.ts';
export { ChainProblem, type ChainView, type SignedAnchor } from './chain-port.ts';
export {
  type Ask,
  asking,
  CONFIRMATIONS,
  fateOf,
  numberHex,
  receiptOf,
  requireBlock,
  sendSigned,
  signCall,
  viewOf,
} from './ethereum.ts';
export { createEthersChain } from './ethers-chain.ts';
export { finalizedNumber } from './finality.ts';
export { httpRpc, RpcError } from './http-rpc.ts';
export { registerAnchorMetrics } from './metrics.ts';
export { enqueueLeaf } from './queue.ts';
export { Rounds, type RoundsStatus } from './rounds.ts';
export { anchorRoutes } from './routes.ts';
export { type Standing, standingOf, statesOf } from './standing.ts';
export type { AnchorState } from './state.ts';
