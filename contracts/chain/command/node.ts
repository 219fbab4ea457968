import { printable, StartProblem } from '@nongtin/service';
import { type JsonRpc, jsonRpc } from '../json-rpc.ts';

/** Somebody else's node, over the internet. */
const TIMEOUT_MS = 20_000;

/** A node of a chain of others: what the commands ask it, with quantities as numbers. Rejects with a StartProblem. */
export interface ChainNode {
  readonly rpc: JsonRpc;
  /** What is answered with a whole number, zero or more. */
  quantity(method: string, params?: readonly unknown[]): Promise<bigint>;
  /** What is answered with bytes, as 0x and pairs of hex digits. */
  bytes(method: string, params: readonly unknown[]): Promise<string>;
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
  const hexOf = async (method: string, params: readonly unknown[], shape: RegExp) => {
    const answer = await rpc(method, params);
    if (typeof answer === 'string' && shape.test(answer)) return answer;
    throw unusable(`its answer to ${method} is not what it should be`, rpcUrl);
  };
  const quantity = async (method: string, params: readonly unknown[] = []) =>
    BigInt(await hexOf(method, params, /^0x[0-9a-f]+$/i));
  const bytes = (method: string, params: readonly unknown[]) => hexOf(method, params, /^0x([0-9a-f]{2})*$/i);
  return {
    ...{ rpc, quantity, bytes },
    chainId: async () => Number(await quantity('eth_chainId')),
    balance: (address) => quantity('eth_getBalance', [address, 'latest']),
    nonce: async (address, tag) => Number(await quantity('eth_getTransactionCount', [address, tag])),
    code: (address) => bytes('eth_getCode', [address, 'latest']),
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

/** The reason stands in one line: the node's own words could end it, and go on in our name. */
function explained(error: Error, method: string, rpcUrl: string): StartProblem {
  const options = { cause: error };
  // The node's own words begin with the method that we asked.
  return error.message.startsWith(`${method}: `)
    ? new StartProblem(`The node at ${hostOf(rpcUrl)} refuses: ${printable(error.message)}.`, options)
    : unusable(reasonOf(error), rpcUrl, options);
}

function unusable(reason: string, rpcUrl: string, options?: ErrorOptions): StartProblem {
  const sentence = `The node at ${hostOf(rpcUrl)} gives no usable answer (${printable(reason)}): try again later, or name another with --rpc.`;
  return new StartProblem(sentence, options);
}

/** fetch says "fetch failed", and why in its cause. */
function reasonOf({ cause, message }: Error): string {
  return (cause instanceof Error && (cause.message || (cause as { code?: string }).code)) || message;
}
