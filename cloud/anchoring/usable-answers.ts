type Check = (value: unknown) => boolean;

const quantity: Check = (value) => typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value);
const bytes: Check = (value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value);

/** An object in which at least these fields are as said. */
function object(fields: Readonly<Record<string, Check>>): Check {
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]));
}

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const orNothing =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);

/** Of what we ask: the fields that we read, and where null is an answer too ("there is none"). */
const checks: Readonly<Record<string, Check>> = {
  eth_blockNumber: quantity,
  eth_call: bytes,
  eth_chainId: quantity,
  eth_estimateGas: quantity,
  eth_getBalance: quantity,
  eth_getBlockByNumber: orNull(
    object({ number: quantity, hash: bytes, timestamp: quantity, baseFeePerGas: orNothing(quantity) }),
  ),
  eth_getCode: bytes,
  eth_getLogs: (value) => Array.isArray(value) && value.every(object({ transactionHash: bytes })),
  eth_getTransactionByHash: orNull(object({})),
  eth_getTransactionCount: quantity,
  eth_getTransactionReceipt: orNull(
    object({
      ...{ status: quantity, blockNumber: quantity, transactionHash: bytes, gasUsed: quantity },
      effectiveGasPrice: orNothing(quantity),
    }),
  ),
  eth_maxPriorityFeePerGas: quantity,
  eth_sendRawTransaction: bytes,
};

/**
 * Whether a node's answer has the shape that its method's answers have. What has not, a page in JSON of somebody in between
 * say, is no answer: read on, "null" would be chain 0, or no transaction where there is one. Methods that nobody here asks
 * may answer anything but nothing.
 */
export function isUsable(method: string, result: unknown): boolean {
  return (checks[method] ?? ((value) => value !== undefined))(result);
}
