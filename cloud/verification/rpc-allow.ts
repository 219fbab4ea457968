/**
 * What the relay at POST /rpc passes on to the chain: reading, of our contracts and of blocks, in bounded calls.
 * Everything else is refused here, so that the relay is neither an open node nor a way to send transactions.
 */
interface RpcCall {
  readonly id: string | number | null;
  readonly method: string;
  readonly params: readonly unknown[];
}

export type RpcVerdict =
  | { readonly ok: true; readonly call: RpcCall }
  | { readonly ok: false; readonly id: RpcCall['id']; readonly code: number; readonly message: string };

/** JSON-RPC 2.0, section 5.1. */
export const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;

const MAX_CALLDATA_CHARACTERS = 8_192;
const MAX_STORAGE_KEYS = 16;

type ParamsRule = (params: readonly unknown[], contracts: ReadonlySet<string>) => boolean;

const rules: Readonly<Record<string, ParamsRule>> = {
  eth_chainId: (params) => params.length === 0,
  eth_blockNumber: (params) => params.length === 0,
  // `false`: hashes of transactions only, a block of whole transactions can have megabytes.
  eth_getBlockByNumber: (params) => params.length === 2 && isBlock(params[0]) && params[1] === false,
  eth_getBlockByHash: (params) => params.length === 2 && isHash(params[0]) && params[1] === false,
  eth_getCode: (params, contracts) => isContract(params[0], contracts) && endsWithBlock(params, 1),
  // Exactly call and block: a third parameter would override the chain's state.
  eth_call: (params, contracts) => isReadingOf(params[0], contracts) && endsWithBlock(params, 1),
  eth_getProof: (params, contracts) =>
    isContract(params[0], contracts) &&
    Array.isArray(params[1]) &&
    params[1].length <= MAX_STORAGE_KEYS &&
    params[1].every((key) => matches(key, /^0x[0-9a-fA-F]{1,64}$/)) &&
    endsWithBlock(params, 2),
};

/** `contracts`: addresses in lower case. */
export function judgeCall(value: unknown, contracts: ReadonlySet<string>): RpcVerdict {
  const call = readCall(value);
  if (call === undefined) return refusal(null, INVALID_REQUEST, 'not a JSON-RPC 2.0 request');
  const rule = Object.hasOwn(rules, call.method) ? rules[call.method] : undefined;
  if (rule === undefined) {
    return refusal(call.id, METHOD_NOT_FOUND, `only reading is relayed: ${Object.keys(rules).join(', ')}`);
  }
  if (!rule(call.params, contracts)) {
    return refusal(call.id, INVALID_PARAMS, 'only our contracts and single blocks are relayed');
  }
  return { ok: true, call };
}

function readCall(value: unknown): RpcCall | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { jsonrpc, id, method, params = [] } = value as Record<string, unknown>;
  const idIsRight = id === null || typeof id === 'number' || (typeof id === 'string' && id.length <= 100);
  if (jsonrpc !== '2.0' || !idIsRight || typeof method !== 'string' || !Array.isArray(params))
    return undefined;
  return { id, method, params };
}

function refusal(id: RpcCall['id'], code: number, message: string): RpcVerdict {
  return { ok: false, id, code, message };
}

function isReadingOf(call: unknown, contracts: ReadonlySet<string>): boolean {
  if (typeof call !== 'object' || call === null) return false;
  const fields = call as Record<string, unknown>;
  const data = fields.data ?? fields.input;
  return (
    Object.keys(fields).every((name) => name === 'to' || name === 'data' || name === 'input') &&
    isContract(fields.to, contracts) &&
    typeof data === 'string' &&
    data.length <= MAX_CALLDATA_CHARACTERS &&
    /^0x[0-9a-fA-F]*$/.test(data)
  );
}

function isContract(value: unknown, contracts: ReadonlySet<string>): boolean {
  return typeof value === 'string' && contracts.has(value.toLowerCase());
}

function endsWithBlock(params: readonly unknown[], at: number): boolean {
  return params.length === at || (params.length === at + 1 && isBlock(params[at]));
}

function isBlock(value: unknown): boolean {
  return matches(value, /^(latest|safe|finalized|earliest|0x[0-9a-fA-F]{1,16})$/);
}

function isHash(value: unknown): boolean {
  return matches(value, /^0x[0-9a-fA-F]{64}$/);
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}
