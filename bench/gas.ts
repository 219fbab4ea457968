import { ContractFactory, Interface, id, JsonRpcProvider, type Signer, toBeHex, Wallet } from 'ethers';
import { anchorRegistryAbi, startTestChain, type TestChain } from '../contracts/chain/index.ts';
import { compileFiles } from '../contracts/compile.ts';
import { type Benchmark, type Figure, figureOf } from './result.ts';

/** How many things of a peer one transaction of its takes: below 16.8 million gas, the most of a transaction (EIP-7825). */
const peers = {
  mint: { file: '../bench/gas/MintPeer.sol', perTransaction: 500 },
  attestation: { file: '../bench/gas/AttestationPeer.sol', perTransaction: 60 },
  mapping: { file: '../bench/gas/MappingPeer.sol', perTransaction: 500 },
} as const;

const sizes = { One: 1, Thousand: 1_000, Million: 1_000_000 } as const;
const RUNS = 5;
const QUICK_RUNS = 1;
const MOST_LEAVES = 2n ** 64n - 1n;
const CHAIN_ID = 31_337;

type Put = (count: number) => Promise<number>;

/**
 * What a stamp costs on the chain: one root for all of a batch, beside an attestation, a token and a mapping's entry for each
 * of them, on one anvil. What does not fit one transaction is measured by the transaction and multiplied (bench/README.md).
 */
export const gas: Benchmark = {
  name: 'gas',
  run: async ({ quick, say }) => {
    const runs = quick ? QUICK_RUNS : RUNS;
    const chain = await startTestChain(CHAIN_ID);
    const provider = new JsonRpcProvider(chain.rpcUrl, CHAIN_ID, {
      staticNetwork: true,
      pollingInterval: 20,
      cacheTimeout: -1,
    });
    try {
      const anchors = await anchorGas(chain, provider, runs);
      const ours = figureOf(anchors, 'gas');
      const figures: Record<string, Figure> = { anchorGas: ours };
      const perStamp = (total: number, count: number) => figureOf([total / count], 'gas/stamp');
      for (const [name, count] of Object.entries(sizes))
        figures[`gasPerStamp${name}`] = perStamp(ours.max, count);
      for (const [peer, { file, perTransaction }] of Object.entries(peers)) {
        say(`${peer}: ${perTransaction} in a transaction`);
        const put = await deployPeer(file, await fundedWallet(chain, provider));
        for (const [name, count] of Object.entries(sizes))
          figures[`${peer}GasPerStamp${name}`] = perStamp(await gasOf(put, count, perTransaction), count);
      }
      return {
        runs,
        figures: { ...figures, ...ratiosOf(figures) },
        targets: [{ figure: 'anchorGas', comparator: '<', target: 50_000 }],
        versions: { anvil: String(await chain.rpc('web3_clientVersion')) },
      };
    } finally {
      provider.destroy();
      await chain.stop();
    }
  },
};

/** Trees of all sizes: the root of one leaf, of a million, of as many as the contract can name. */
async function anchorGas(chain: TestChain, provider: JsonRpcProvider, runs: number): Promise<number[]> {
  const anchorer = new Wallet(chain.anchorerKey, provider);
  const registry = new Interface(anchorRegistryAbi);
  const used: number[] = [];
  for (let run = 0; run < runs; run++)
    for (const size of [1n, 1_000n, 1_000_000n, MOST_LEAVES]) {
      const data = registry.encodeFunctionData('anchor', [id(`${run} ${size}`), size]);
      used.push(await sent(anchorer, chain.deployment.anchorRegistry, data));
    }
  return used;
}

async function fundedWallet(chain: TestChain, provider: JsonRpcProvider): Promise<Wallet> {
  const wallet = new Wallet(id('who pays the bench'), provider);
  await chain.rpc('anvil_setBalance', [wallet.address, toBeHex(10n ** 24n)]);
  return wallet;
}

/** Puts so many new things onto the chain in one transaction; its gas. */
async function deployPeer(file: string, wallet: Wallet): Promise<Put> {
  const [artifact] = compileFiles([file]);
  if (artifact === undefined) throw new Error(`${file} holds no contract`);
  const contract = await new ContractFactory(artifact.abi, artifact.bytecode, wallet).deploy();
  await contract.waitForDeployment();
  const address = await contract.getAddress();
  const peer = new Interface(artifact.abi);
  let next = 0;
  return (count) => {
    const things = Array.from({ length: count }, () => id(`stamp ${next++}`));
    return sent(wallet, address, peer.encodeFunctionData('put', [things]));
  };
}

/**
 * The first one alone is dearer than those after it (the sender's own slots are new), so one is put before. Of many
 * transactions the last full one stands for all: each of them does the same.
 */
async function gasOf(put: Put, count: number, perTransaction: number): Promise<number> {
  await put(1);
  const full = Math.floor(count / perTransaction);
  const rest = count % perTransaction;
  return (full === 0 ? 0 : full * (await put(perTransaction))) + (rest === 0 ? 0 : await put(rest));
}

async function sent(signer: Signer, to: string, data: string): Promise<number> {
  const receipt = await (await signer.sendTransaction({ to, data })).wait();
  if (receipt === null) throw new Error('the transaction was not mined');
  return Number(receipt.gasUsed);
}

/** How many times dearer a stamp of a million is by the peer's way. */
function ratiosOf(figures: Readonly<Record<string, Figure>>): Record<string, Figure> {
  const ours = figures.gasPerStampMillion?.median ?? Number.NaN;
  const ratio = (peer: string) => [(figures[`${peer}GasPerStampMillion`]?.median ?? Number.NaN) / ours];
  return {
    gasRatioMint: figureOf(ratio('mint'), '×'),
    gasRatioAttestation: figureOf(ratio('attestation'), '×'),
    gasRatioMapping: figureOf(ratio('mapping'), '×'),
  };
}
