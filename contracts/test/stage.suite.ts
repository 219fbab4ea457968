import { Interface, id, type Result } from 'ethers';
import { readArtifact } from '../artifacts.ts';
import { startTestChain, type TestChain } from '../chain/index.ts';

/** What became of a call: its result, or the custom error it was refused with. */
type Outcome =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly error: string; readonly args: unknown[] };

/** An event as a transaction has told it. */
interface Told {
  readonly event: string;
  readonly args: unknown[];
}

type ContractName = 'anchors' | 'cooperatives';

/**
 * Both contracts on an anvil of their own, and any number of people who act by name: each is the address that follows from
 * the name, and anvil lets them send without a key.
 */
export interface Stage {
  readonly chain: TestChain;
  readonly address: Readonly<Record<ContractName, string>>;
  /** `alliance` is the deployer, which has all that the constructors give. */
  addressOf(person: string): string;
  /** Asks, or tries without doing. */
  call(person: string, contract: ContractName, name: string, ...args: unknown[]): Promise<Outcome>;
  /** The result of a view that cannot be refused, or of its only value. */
  read(contract: ContractName, name: string, ...args: unknown[]): Promise<unknown>;
  /** Does it; throws when it is refused. The events, the gas, and the block's time in seconds. */
  send(
    person: string,
    contract: ContractName,
    name: string,
    ...args: unknown[]
  ): Promise<{ told: Told[]; gasUsed: number; time: bigint; blockNumber: number }>;
  /** The same as of a block of that time (seconds), and what was refused is not thrown. */
  tryAt(
    time: bigint,
    person: string,
    contract: ContractName,
    name: string,
    ...args: unknown[]
  ): Promise<Outcome>;
  /** Puts the clock of the next block on by so many seconds. */
  pass(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

const interfaces: Readonly<Record<ContractName, Interface>> = {
  anchors: new Interface(readArtifact('AnchorRegistry').abi),
  cooperatives: new Interface(readArtifact('CooperativeRegistry').abi),
};

export async function openStage(): Promise<Stage> {
  const chain = await startTestChain();
  await chain.rpc('anvil_autoImpersonateAccount', [true]);
  const address = {
    anchors: chain.deployment.anchorRegistry,
    cooperatives: chain.deployment.cooperativeRegistry,
  };
  const deployer = String(await readOwner(chain));
  const addressOf = (person: string) =>
    person === 'alliance' ? deployer : `0x${id(`person ${person}`).slice(-40)}`;

  async function callAt(
    overrides: unknown[],
    person: string,
    contract: ContractName,
    name: string,
    args: unknown[],
  ) {
    const data = interfaces[contract].encodeFunctionData(name, args);
    const call = { from: addressOf(person), to: address[contract], data };
    const answer = await ask(chain, 'eth_call', [call, 'latest', ...overrides]);
    if (answer.error !== undefined) return refusalOf(contract, answer.error);
    return { ok: true, result: interfaces[contract].decodeFunctionResult(name, answer.result) } as const;
  }

  const call = (person: string, contract: ContractName, name: string, ...args: unknown[]) =>
    callAt([], person, contract, name, args);

  async function fund(person: string): Promise<string> {
    const from = addressOf(person);
    await chain.rpc('anvil_setBalance', [from, `0x${(10n ** 24n).toString(16)}`]);
    return from;
  }

  return {
    chain,
    address,
    addressOf,
    call,
    // State as it is, in a block of that time.
    tryAt: (time, person, contract, name, ...args) =>
      callAt([{}, { time: `0x${time.toString(16)}` }], person, contract, name, args),
    read: async (contract, name, ...args) => {
      const outcome = await call('reader', contract, name, ...args);
      if (!outcome.ok) throw new Error(`${name} was refused: ${outcome.error}`);
      return outcome.result.length === 1 ? outcome.result[0] : outcome.result;
    },
    send: async (person, contract, name, ...args) => {
      const data = interfaces[contract].encodeFunctionData(name, args);
      const transaction = { from: await fund(person), to: address[contract], data, gas: '0x989680' };
      // Answers with the receipt (EIP-7966), so that nobody has to wait for the block.
      const receipt = (await chain.rpc('eth_sendTransactionSync', [transaction])) as Receipt;
      return doneBy(chain, contract, receipt, name);
    },
    pass: async (seconds) => {
      await chain.rpc('evm_increaseTime', [seconds]);
      await chain.rpc('evm_mine');
    },
    stop: () => chain.stop(),
  };
}

async function readOwner(chain: TestChain): Promise<string> {
  const call = {
    to: chain.deployment.anchorRegistry,
    data: interfaces.anchors.encodeFunctionData('owner'),
  };
  const answer = String(await chain.rpc('eth_call', [call, 'latest']));
  return interfaces.anchors.decodeFunctionResult('owner', answer)[0];
}

interface Receipt {
  readonly status: string;
  readonly gasUsed: string;
  readonly blockNumber: string;
  readonly logs: { readonly topics: string[]; readonly data: string }[];
}

async function doneBy(chain: TestChain, contract: ContractName, receipt: Receipt, name: string) {
  if (receipt.status !== '0x1') throw new Error(`${name} was refused`);
  const block = (await chain.rpc('eth_getBlockByNumber', [receipt.blockNumber, false])) as {
    timestamp: string;
  };
  const told = receipt.logs.map((log) => {
    const event = interfaces[contract].parseLog(log);
    return { event: event?.name ?? '?', args: event?.args.toArray() ?? [] };
  });
  return {
    told,
    gasUsed: Number(receipt.gasUsed),
    time: BigInt(block.timestamp),
    blockNumber: Number(receipt.blockNumber),
  };
}

interface Answer {
  readonly result: string;
  readonly error?: { readonly message: string; readonly data?: string };
}

/** Unlike the chain's own rpc it gives the error's data. */
async function ask(chain: TestChain, method: string, params: unknown[]): Promise<Answer> {
  const response = await fetch(chain.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return (await response.json()) as Answer;
}

function refusalOf(contract: ContractName, error: { message: string; data?: string }): Outcome {
  const parsed = error.data === undefined ? null : interfaces[contract].parseError(error.data);
  if (parsed === null) throw new Error(`no custom error: ${error.message} ${error.data ?? ''}`);
  return { ok: false, error: parsed.name, args: parsed.args.toArray() };
}
