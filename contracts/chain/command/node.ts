import { StartProblem } from '@nongtin/service';
import { type JsonRpc, jsonRpc } from '../json-rpc.ts';

/** Somebody else's node, over the internet. */
const TIMEOUT_MS = 20_000;

/** A node of a chain of others: what the commands ask it, with quantities as numbers. Rejects with a StartProblem. */
export interface ChainNode {
  readonly rpc: JsonRpc;
  chainId(): Promise<number>;
  /** wei */
  balance(address: string): Promise<bigint>;
  /** How many transactions of `address` are mined, or with `pending` also those that wait. */
  nonce(address: string, tag: 'latest' | 'pending'): Promise<number>;
  code(address: string): Promise<string>;
}

export function chainNode(rpcUrl: string): ChainNode {
  const ask = jsonRpc(rpcUrl, TIMEOUT_MS);
  const rpc: JsonRpc = async (method, params) => {
    try {
      return await ask(method, params);
    } catch (error) {
      throw explained(error as Error, method, rpcUrl);
    }
  };
  const quantity = async (method: string, params: readonly unknown[] = []) =>
    BigInt(String(await rpc(method, params)));
  return {
    rpc,
    chainId: async () => Number(await quantity('eth_chainId')),
    balance: (address) => quantity('eth_getBalance', [address, 'latest']),
    nonce: async (address, tag) => Number(await quantity('eth_getTransactionCount', [address, tag])),
    code: async (address) => String(await rpc('eth_getCode', [address, 'latest'])),
  };
}

/** What a contract answered that refused; undefined: it was not a contract that refused. */
export function revertDataOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { data } = at as { data?: unknown };
    if (typeof data === 'string' && data.startsWith('0x')) return data;
  }
  return undefined;
}

/** The address without user, password, path and query, which may hold a key of the provider's. */
function hostOf(rpcUrl: string): string {
  return new URL(rpcUrl).host;
}

function explained(error: Error, method: string, rpcUrl: string): StartProblem {
  // The node's own words begin with the method that we asked.
  if (error.message.startsWith(`${method}: `))
    return new StartProblem(`The node at ${hostOf(rpcUrl)} refuses: ${error.message}.`, { cause: error });
  const sentence = `The node at ${hostOf(rpcUrl)} gives no usable answer: try again later, or name another with --rpc.`;
  return new StartProblem(sentence, { cause: error });
}
