export { createAnchorStore } from './anchor-store.ts';
export { type Anchorer, type AnchorerStatus, createAnchorer } from './anchorer.ts';
export { createEthersChain } from './ethers-chain.ts';
export { httpRpc, RpcError } from './http-rpc.ts';
export { enqueueLeaf, type LeafReference, type NewLeaf } from './queue.ts';
export { type AnchorRoutesOptions, anchorRoutes } from './routes.ts';
export { pathInAnchor, type Standing, standingOf, statesOf } from './standing.ts';
export type { AnchorState } from './state.ts';
