import type { Rpc } from '@nongtin/contracts/encoding';
import { RpcError } from '../anchoring/index.ts';
import { INVALID_REQUEST, judgeCall } from './rpc-allow.ts';

const MAX_BATCH = 10;
/** JSON-RPC 2.0's own codes end at -32000; -32002 says that the resource is unavailable (EIP-1474). */
const RESOURCE_UNAVAILABLE = -32002;

export interface RpcRelayOptions {
  readonly rpc: Rpc;
  /** Addresses of our contracts; none while nothing is deployed. */
  readonly contracts: () => readonly string[];
}

/** Answers one JSON-RPC request or a batch of at most ten; each refused call gets its error in its place. */
export async function relay(options: RpcRelayOptions, body: unknown): Promise<unknown> {
  const contracts = new Set(options.contracts().map((address) => address.toLowerCase()));
  const one = (value: unknown) => answerOne(options.rpc, value, contracts);
  if (!Array.isArray(body)) return one(body);
  if (body.length === 0 || body.length > MAX_BATCH) {
    return errorAnswer(null, INVALID_REQUEST, `a batch has 1 to ${MAX_BATCH} calls`);
  }
  return Promise.all(body.map(one));
}

async function answerOne(rpc: Rpc, value: unknown, contracts: ReadonlySet<string>) {
  const verdict = judgeCall(value, contracts);
  if (!verdict.ok) return errorAnswer(verdict.id, verdict.code, verdict.message);
  const { id, method, params } = verdict.call;
  try {
    return { jsonrpc: '2.0', id, result: await rpc(method, params) };
  } catch (error) {
    if (error instanceof RpcError) return errorAnswer(id, error.code, error.message);
    return errorAnswer(id, RESOURCE_UNAVAILABLE, 'the chain does not answer');
  }
}

function errorAnswer(id: string | number | null, code: number, message: string) {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
