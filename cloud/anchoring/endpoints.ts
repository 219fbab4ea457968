import type { Rpc } from '@nongtin/contracts/encoding';
import { httpRpc } from './http-rpc.ts';
import { type EndpointStatus, quorumRpc } from './quorum-rpc.ts';

export interface Endpoints {
  readonly rpc: Rpc;
  /** Of each, when there are several. */
  status(): readonly EndpointStatus[];
}

export interface EndpointsConfig {
  /** May hold providers' keys, so they are shown to nobody. */
  readonly rpcUrls: readonly string[];
  /** How many must say the same. */
  readonly rpcQuorum: number;
}

/** The chain by one endpoint, or by several that check each other. */
export function openEndpoints(
  { rpcUrls, rpcQuorum: quorum }: EndpointsConfig,
  chainId: () => number | undefined,
): Endpoints {
  const [only, ...others] = rpcUrls;
  if (only !== undefined && others.length === 0) return { rpc: httpRpc(only), status: () => [] };
  return quorumRpc({ endpoints: rpcUrls.map((url) => httpRpc(url)), quorum, chainId });
}
