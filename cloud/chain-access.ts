import {
  type Deployment,
  openKeystore,
  readAnchorerKey,
  readCooperativeKey,
  readDeployment,
  readDeploymentOf,
} from '@nongtin/contracts/chain';

/** Files about a chain of others; what is undefined, we have not. */
export interface ChainFiles {
  /** As `chain deploy` has written it. */
  readonly deployment: string;
  /** Encrypted JSON keystores (Web3 Secret Storage): of who anchors, and of who acts for the cooperative. */
  readonly anchorerKeystore: string | undefined;
  readonly cooperativeKeystore: string | undefined;
  readonly passphraseFile: string | undefined;
}

/** Where the contracts stand, and whose keys we have. Private keys: 32 bytes as hex with 0x; they stay in memory. */
export interface ChainAccess {
  deployment(): Deployment | undefined;
  anchorerKey(): string | undefined;
  cooperativeKey(): string | undefined;
}

/**
 * A chain of others by the files that were named; else the embedded one, whose files are read anew at each use: its service writes
 * them when it has deployed, which may be after our start. Throws a StartProblem when a file is missing, or no passphrase opens it.
 */
export async function openChainAccess(config: {
  readonly dataDir: string;
  readonly chainFiles: ChainFiles | undefined;
}): Promise<ChainAccess> {
  const { dataDir, chainFiles } = config;
  if (chainFiles === undefined)
    return {
      deployment: () => readDeployment(dataDir),
      anchorerKey: () => readAnchorerKey(dataDir),
      cooperativeKey: () => readCooperativeKey(dataDir),
    };
  const { passphraseFile } = chainFiles;
  const source = passphraseFile === undefined ? {} : { passphraseFile };
  const keyIn = async (keystore: string | undefined) =>
    keystore === undefined ? undefined : (await openKeystore(keystore, source)).privateKey;
  const deployment = readDeploymentOf(chainFiles.deployment);
  const anchorerKey = await keyIn(chainFiles.anchorerKeystore);
  const cooperativeKey = await keyIn(chainFiles.cooperativeKeystore);
  return {
    deployment: () => deployment,
    anchorerKey: () => anchorerKey,
    cooperativeKey: () => cooperativeKey,
  };
}
