import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@nongtin/service';
import { type Anvil, startAnvil } from './anvil.ts';
import { finalize } from './blocks.ts';
import { savedStates, saveState } from './chain-state.ts';
import { ensureContracts, loadArtifacts } from './deploy.ts';
import type { Deployment } from './deployment.ts';
import type { JsonRpc } from './json-rpc.ts';
import { type ChainKeys, openKeys } from './keys.ts';

/** A chain for tests: a real anvil on a free port, with the contracts deployed, its files in a folder of its own. */
export interface TestChain {
  readonly rpcUrl: string;
  readonly rpc: JsonRpc;
  readonly deployment: Deployment;
  readonly keys: ChainKeys;
  readonly anchorerKey: string;
  /** Both contracts once more, at other addresses, with the same people. */
  deployAgain(): Promise<Deployment>;
  /** Lets all that is mined become final: two more blocks. */
  finalize(): Promise<void>;
  /** Kept over a restart; what is mined later is forgotten. Done once after the contracts are deployed. */
  save(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** On the same port, from the state saved last. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestChain(chainId = 31_337): Promise<TestChain> {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-chain-'));
  const keys = openKeys(folder);
  const port = await freePort();
  const options = { port, chainId, folder, allowOrigin: 'http://localhost:8080' };
  let anvil: Anvil = await startAnvil(options);
  const { rpcUrl, rpc } = anvil;
  const artifacts = await loadArtifacts();
  const deployAgain = () => ensureContracts({ rpcUrl, rpc, chainId, keys, artifacts });
  const deployment = await deployAgain();
  await saveState(rpc, folder);
  return {
    rpcUrl,
    rpc,
    deployment,
    keys,
    anchorerKey: keys.anchorer,
    deployAgain,
    finalize: async () => {
      await finalize(rpc);
    },
    save: () => saveState(rpc, folder),
    kill: () => anvil.end('SIGKILL'),
    restart: async () => {
      await anvil.end('SIGKILL');
      const [statePath = ''] = savedStates(folder, () => {});
      anvil = await startAnvil({ ...options, statePath });
      await finalize(rpc);
    },
    stop: async () => {
      await anvil.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
