export { createAnchorStore } from './anchor-store.ts';
export { type AnchorTrees, createAnchorTrees } from './anchor-trees.ts';
export { type Anchorer, createAnchorer } from './anchorer.ts';
export { createEthersChain } from './ethers-chain.ts';
export { httpRpc, RpcError } from './http-rpc.ts';
export { enqueueLeaf } from './queue.ts';
export { anchorRoutes } from './routes.ts';
export { type Standing, standingOf, statesOf } from './standing.ts';
export type { AnchorState } from './state.ts';
