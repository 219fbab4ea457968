import { Contract, ContractFactory, id, JsonRpcProvider, keccak256, toBeHex, Wallet } from 'ethers';
import { type Artifact, type ContractName, readArtifact, runtimeCode, sourceHash } from '../artifacts.ts';
import { cooperativeIdOf, toHex } from '../encoding/index.ts';
import { type Deployment, succession } from './deployment.ts';
import type { JsonRpc } from './json-rpc.ts';
import type { ChainKeys } from './keys.ts';

/** The cooperative of the demo, admitted on every chain of ours. Its id in leaves: cooperativeIdOf(code). */
export const demoCooperative = { code: 'htx-ham-minh', name: 'HTX Thanh long Hàm Minh' } as const;

/** CooperativeRegistry.Standing.Unknown */
const UNKNOWN = 0n;

/** Seconds between the two steps in which a contract's administrator changes: short, because a demo's day is. */
const ADMIN_DELAY_SECONDS = 60;

export type Artifacts = Readonly<Record<ContractName, Artifact>>;

/** From artifacts/; compiled anew when the sources are not the ones they were made of. */
export async function loadArtifacts(): Promise<Artifacts> {
  const kept = {
    AnchorRegistry: readArtifact('AnchorRegistry'),
    CooperativeRegistry: readArtifact('CooperativeRegistry'),
  };
  const wanted = sourceHash();
  if (Object.values(kept).every((artifact) => artifact.sourceHash === wanted)) return kept;
  // Loaded only when needed: the compiler is 8 MB of WebAssembly.
  const { compileContracts } = await import('../compile.ts');
  return compileContracts();
}

export interface DeployContext {
  readonly rpcUrl: string;
  readonly rpc: JsonRpc;
  readonly chainId: number;
  readonly keys: ChainKeys;
  readonly artifacts: Artifacts;
}

/**
 * Brings the chain to what we need, whatever is there already: money, both contracts with today's code, the anchorer's
 * role, the demo's cooperative. On a chain that has all of it nothing is sent. What was recorded and stands elsewhere is
 * succeeded by what stands now.
 */
export async function ensureContracts(context: DeployContext, recorded?: Deployment): Promise<Deployment> {
  const { rpcUrl, chainId, keys, artifacts } = context;
  await fundKeys(context);
  const provider = new JsonRpcProvider(rpcUrl, chainId, {
    staticNetwork: true,
    pollingInterval: 25,
    cacheTimeout: -1,
  });
  try {
    const alliance = new Wallet(keys.alliance, provider);
    const cooperatives = await ensureContract(alliance, {
      artifact: artifacts.CooperativeRegistry,
      recorded: recorded?.cooperativeRegistry,
      args: [alliance.address, ADMIN_DELAY_SECONDS],
    });
    const registry = await cooperatives.getAddress();
    const anchors = await ensureContract(alliance, {
      artifact: artifacts.AnchorRegistry,
      recorded: recorded?.anchorRegistry,
      args: [alliance.address, registry, ADMIN_DELAY_SECONDS, [], []],
      immutable: registry,
    });
    await ensureAnchorer(anchors, new Wallet(keys.anchorer).address);
    await ensureDemoCooperative(cooperatives, new Wallet(keys.demoCooperative).address);
    const anchorRegistry = await anchors.getAddress();
    const stillThere = recorded?.anchorRegistry === anchorRegistry;
    return {
      chainId,
      anchorRegistry,
      cooperativeRegistry: registry,
      deployedAtBlock: stillThere ? recorded.deployedAtBlock : await provider.getBlockNumber(),
      codeHashes: {
        anchorRegistry: keccak256(runtimeCode(artifacts.AnchorRegistry, registry)),
        cooperativeRegistry: keccak256(runtimeCode(artifacts.CooperativeRegistry)),
      },
      ...succession({ chainId, anchorRegistry }, recorded === undefined ? [] : [recorded]),
    };
  } finally {
    provider.destroy();
  }
}

/** Enough for a lifetime of anchors; only anvil takes such an order. */
async function fundKeys({ rpc, keys }: DeployContext): Promise<void> {
  const plenty = 10n ** 24n;
  for (const key of Object.values(keys)) {
    const { address } = new Wallet(key);
    const balance = BigInt(String(await rpc('eth_getBalance', [address, 'latest'])));
    if (balance < plenty / 1000n) await rpc('anvil_setBalance', [address, toBeHex(plenty)]);
  }
}

/**
 * The recorded contract if its code is today's, else a new one. A first deployment by the same key has the same
 * address on every new chain, because the address follows from key and nonce.
 */
async function ensureContract(
  alliance: Wallet,
  wanted: { artifact: Artifact; recorded: string | undefined; args: unknown[]; immutable?: string },
): Promise<Contract> {
  const { artifact, recorded, args, immutable } = wanted;
  const code = recorded === undefined ? '0x' : await alliance.provider?.getCode(recorded);
  if (recorded !== undefined && code === runtimeCode(artifact, immutable)) {
    return new Contract(recorded, artifact.abi, alliance);
  }
  const factory = new ContractFactory(artifact.abi, artifact.bytecode, alliance);
  const contract = await factory.deploy(...args);
  await contract.waitForDeployment();
  return new Contract(await contract.getAddress(), artifact.abi, alliance);
}

async function ensureAnchorer(anchors: Contract, anchorer: string): Promise<void> {
  const role = id('ANCHORER_ROLE');
  if (await anchors.getFunction('hasRole')(role, anchorer)) return;
  await mined(anchors.getFunction('grantRole').send(role, anchorer));
}

async function ensureDemoCooperative(cooperatives: Contract, admin: string): Promise<void> {
  const cooperativeId = toHex(cooperativeIdOf(demoCooperative.code));
  const { standing } = await cooperatives.getFunction('cooperativeOf')(cooperativeId);
  if (standing !== UNKNOWN) return;
  await mined(cooperatives.getFunction('admit').send(cooperativeId, demoCooperative.name, admin));
}

async function mined(sending: Promise<{ wait(): Promise<unknown> }>): Promise<void> {
  await (await sending).wait();
}
