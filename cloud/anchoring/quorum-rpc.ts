import type { Rpc } from '@nongtin/contracts/encoding';
import { ChainProblem } from './chain-port.ts';
import { RpcError } from './http-rpc.ts';

/**
 * One JSON-RPC out of several endpoints, none of which has to be believed alone.
 *
 * What the chain says (blocks, storage, receipts) counts when `quorum` endpoints say the same. When they do not because some lag
 * behind, all are asked again as of the newest block that `quorum` of them have; when they differ about that block too, they
 * disagree, and nothing is concluded. Transactions are sent to all. What is an opinion (a fee, an estimate) is the middle one;
 * what may be in one pool and not in another is there when one has it.
 */
export interface QuorumOptions {
  readonly endpoints: readonly Rpc[];
  /** How many must say the same; from 1 to all. */
  readonly quorum: number;
  /** The chain that is meant; an endpoint of another one is left out. Undefined: not known yet. */
  readonly chainId: () => number | undefined;
}

export interface EndpointStatus {
  /** From 1, in the order of the configuration: an address may hold a key. */
  readonly endpoint: number;
  readonly state: 'ok' | 'unreachable' | 'wrong_chain' | 'lagging' | 'disagrees';
  readonly message: string;
}

export interface QuorumRpc {
  readonly rpc: Rpc;
  status(): readonly EndpointStatus[];
}

export function quorumRpc(options: QuorumOptions): QuorumRpc {
  const asked = new Quorum(options);
  return { rpc: (method, params) => asked.ask(method, params), status: () => asked.status() };
}

/** What an endpoint answered: a result or the chain's own error. `key` is equal when the answers mean the same. */
interface Answer {
  readonly endpoint: number;
  readonly key: string;
  readonly result?: unknown;
  readonly error?: RpcError;
}

class Quorum {
  readonly #options: QuorumOptions;
  #states: EndpointStatus[];

  constructor(options: QuorumOptions) {
    this.#options = options;
    this.#states = options.endpoints.map((_, index) => fine(index));
  }

  status(): readonly EndpointStatus[] {
    return this.#states;
  }

  async ask(method: string, params: readonly unknown[]): Promise<unknown> {
    if (method === 'eth_chainId') return this.#chainId();
    if (method === 'eth_sendRawTransaction') return bestOfSent(await this.#all(method, params));
    if (method === 'eth_getTransactionByHash') return this.#anyOf(method, params);
    if (method === 'eth_getTransactionCount' && params[1] === 'pending')
      return this.#ranked(method, params, (sorted) => sorted.at(-1));
    if (method === 'eth_estimateGas' || method === 'eth_maxPriorityFeePerGas')
      return this.#ranked(method, params, (sorted) => sorted[Math.floor((sorted.length - 1) / 2)]);
    return resultOf(await this.#agreed(method, params));
  }

  /** Asked first at every look: everyone has another chance, and who is of another chain is left out until the next time. */
  async #chainId(): Promise<unknown> {
    this.#states = this.#options.endpoints.map((_, index) => fine(index));
    const answers = await this.#all('eth_chainId', []);
    const wanted = this.#options.chainId();
    if (wanted === undefined)
      return resultOf(agreement(answers, this.#options.quorum) ?? this.#tooFew(answers));
    const right = answers.filter(({ result }) => Number(result) === wanted);
    const wrong = answers.filter(({ result }) => Number(result) !== wanted);
    for (const { endpoint, result } of wrong) {
      const message = `Endpoint ${endpoint + 1} answers for chain ${Number(result)}, not ${wanted}; it is left out.`;
      this.#mark(endpoint, 'wrong_chain', message);
    }
    if (right.length >= this.#options.quorum) return right[0]?.result;
    // Nobody speaks for the chain that is meant: whoever asks is told which one answers.
    if (right.length === 0 && wrong[0] !== undefined) return resultOf(wrong[0]);
    return this.#tooFew(right);
  }

  async #agreed(method: string, params: readonly unknown[]): Promise<Answer> {
    const { quorum } = this.#options;
    const answers = await this.#all(method, params);
    const found = agreement(answers, quorum);
    if (found !== undefined) return found;
    if (answers.length < quorum) return this.#tooFew(answers);
    const tag = params.find((one) => one === 'latest' || one === 'finalized') as string | undefined;
    const shared = await this.#sharedBlock(tag ?? 'latest');
    if (tag === undefined) return this.#differ(answers, shared);
    const pinned = params.map((one) => (one === tag ? shared.tag : one));
    const again = await this.#all(method, pinned, shared.having);
    return agreement(again, quorum) ?? this.#differ(again, { ...shared, isUneven: false });
  }

  /** The newest block with this tag that `quorum` endpoints have. */
  async #sharedBlock(tag: string): Promise<Shared> {
    const { quorum } = this.#options;
    const blocks = await this.#all('eth_getBlockByNumber', [tag, false]);
    const heads = blocks.flatMap(({ endpoint, result }) => {
      const block = result as { number: string } | null | undefined;
      return block ? [{ endpoint, number: Number(block.number) }] : [];
    });
    const number = heads.map((head) => head.number).sort((a, b) => b - a)[quorum - 1];
    if (number === undefined) return this.#tooFew(blocks);
    const lagging = heads.filter((head) => head.number < number).map(({ endpoint }) => endpoint);
    for (const endpoint of lagging)
      this.#mark(endpoint, 'lagging', `Endpoint ${endpoint + 1} is behind block ${number}.`);
    const having = heads.filter((head) => head.number >= number).map(({ endpoint }) => endpoint);
    const isUneven = new Set(heads.map((head) => head.number)).size > 1;
    return { tag: `0x${number.toString(16)}`, having, isUneven };
  }

  #differ(answers: readonly Answer[], { isUneven, tag }: Shared): never {
    if (isUneven)
      throw new ChainProblem('unreachable', 'The endpoints are not at the same block yet; asked again soon.');
    for (const { endpoint } of answers)
      this.#mark(
        endpoint,
        'disagrees',
        `Endpoint ${endpoint + 1} says of block ${Number(tag)} what others do not.`,
      );
    const message =
      'The endpoints contradict each other about the same block; nothing is concluded, nothing is sent.';
    throw new ChainProblem('disagreement', message);
  }

  #tooFew(answers: readonly Answer[]): never {
    const message = `${answers.length} of the ${this.#options.quorum} endpoints needed answer; what waits is kept and sent later.`;
    throw new ChainProblem('unreachable', message);
  }

  /** There if anyone has it; not there when enough say so. */
  async #anyOf(method: string, params: readonly unknown[]): Promise<unknown> {
    const answers = await this.#all(method, params);
    const has = answers.find(({ result }) => result !== null && result !== undefined);
    if (has !== undefined) return has.result;
    return resultOf(agreement(answers, this.#options.quorum) ?? this.#tooFew(answers));
  }

  /** Of numbers that need not be equal, one by its rank; the chain's refusal when enough refuse. */
  async #ranked(
    method: string,
    params: readonly unknown[],
    pick: (sorted: readonly string[]) => string | undefined,
  ): Promise<unknown> {
    const answers = await this.#all(method, params);
    if (answers.length < this.#options.quorum) return this.#tooFew(answers);
    const numbers = answers.flatMap(({ result }) => (typeof result === 'string' ? [result] : []));
    const refusal = answers.find(({ error }) => error !== undefined);
    const refused = answers.length - numbers.length >= this.#options.quorum || numbers.length === 0;
    if (refused && refusal !== undefined) return resultOf(refusal);
    return pick(numbers.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
  }

  /** Answers of those that answer; who does not is not asked again before the next look. */
  async #all(
    method: string,
    params: readonly unknown[],
    only: readonly number[] = this.#live(),
  ): Promise<Answer[]> {
    const answers = await Promise.all(only.map((endpoint) => this.#askOne(endpoint, method, params)));
    return answers.flatMap((answer) => answer ?? []);
  }

  #live(): number[] {
    const out = (state: EndpointStatus['state']) => state === 'unreachable' || state === 'wrong_chain';
    return this.#states.flatMap(({ state }, index) => (out(state) ? [] : [index]));
  }

  async #askOne(endpoint: number, method: string, params: readonly unknown[]): Promise<Answer | undefined> {
    try {
      const result = await this.#options.endpoints[endpoint]?.(method, params);
      return { endpoint, result, key: meaning(method, result) };
    } catch (error) {
      if (error instanceof RpcError) return { endpoint, error, key: 'error' };
      this.#mark(endpoint, 'unreachable', `Endpoint ${endpoint + 1} does not answer.`);
      return undefined;
    }
  }

  #mark(index: number, state: EndpointStatus['state'], message: string): void {
    this.#states = this.#states.map((one, at) => (at === index ? { ...one, state, message } : one));
  }
}

interface Shared {
  /** Its number as hex with 0x. */
  readonly tag: string;
  readonly having: readonly number[];
  readonly isUneven: boolean;
}

function fine(index: number): EndpointStatus {
  return { endpoint: index + 1, state: 'ok', message: '' };
}

/** An answer that `quorum` endpoints give. */
function agreement(answers: readonly Answer[], quorum: number): Answer | undefined {
  return answers.find(({ key }) => answers.filter((one) => one.key === key).length >= quorum);
}

function resultOf({ result, error }: Answer): unknown {
  if (error !== undefined) throw error;
  return result;
}

/** Taken by one is taken. Else what says most: that it is there already, or why not. */
function bestOfSent(answers: readonly Answer[]): unknown {
  const taken = answers.find(({ error }) => error === undefined);
  const known = answers.find(({ error }) => /already|nonce too low|known/i.test(error?.message ?? ''));
  const best = taken ?? known ?? answers[0];
  if (best === undefined)
    throw new ChainProblem('unreachable', 'No endpoint answers; what waits is kept and sent later.');
  return resultOf(best);
}

/** Of blocks, receipts and logs only what we use: providers add fields of their own. */
const used: Readonly<Record<string, readonly string[]>> = {
  eth_getBlockByNumber: ['number', 'hash', 'timestamp', 'baseFeePerGas'],
  eth_getTransactionReceipt: ['status', 'blockHash', 'blockNumber', 'gasUsed', 'effectiveGasPrice'],
  eth_getLogs: ['transactionHash', 'blockNumber'],
};

function meaning(method: string, result: unknown): string {
  const fields = used[method];
  const part = (value: unknown) =>
    fields === undefined || typeof value !== 'object' || value === null
      ? value
      : fields.map((field) => (value as Record<string, unknown>)[field]);
  return JSON.stringify(Array.isArray(result) ? result.map(part) : part(result))?.toLowerCase() ?? '';
}
