import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { InterfaceAbi } from 'ethers';

export const CONTRACTS = ['AnchorRegistry', 'CooperativeRegistry'] as const;
export type ContractName = (typeof CONTRACTS)[number];

/** A contract as compiled. Kept in artifacts/, so that nobody has to compile first; CI checks that it is current. */
export interface Artifact {
  readonly contractName: string;
  readonly compiler: string;
  /** Of all that decides the bytecode (see sourceHash), 64 hex digits. */
  readonly sourceHash: string;
  readonly abi: Extract<InterfaceAbi, readonly unknown[]>;
  readonly bytecode: string;
  readonly deployedBytecode: string;
}

/**
 * `cancun`: what OpenZeppelin 5 needs, and older than any chain we would anchor on. No metadata in the bytecode: the
 * same sources give the same bytes wherever they are compiled, and a code hash can be pinned.
 */
export const COMPILER_SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
} as const;

const installed = createRequire(import.meta.url);

export function readSource(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}

export function artifactUrl(name: ContractName): URL {
  return new URL(`artifacts/${name}.json`, import.meta.url);
}

export function readArtifact(name: ContractName): Artifact {
  return JSON.parse(readFileSync(artifactUrl(name), 'utf8'));
}

/** Changes with our sources, the settings, and the versions of the compiler and of OpenZeppelin. Takes milliseconds. */
export function sourceHash(): string {
  const hash = createHash('sha256');
  for (const name of CONTRACTS) hash.update(readSource(`${name}.sol`)).update('\0');
  hash.update(JSON.stringify(COMPILER_SETTINGS));
  for (const dependency of ['solc', '@openzeppelin/contracts']) {
    const { version }: { version: string } = installed(`${dependency}/package.json`);
    hash.update(`\0${dependency} ${version}`);
  }
  return hash.digest('hex');
}
