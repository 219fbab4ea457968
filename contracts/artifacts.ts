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
  /** Where its variables stand: slot and byte of each, then the structs. */
  readonly storage: readonly string[];
  readonly bytecode: string;
  /** With zeros where the constructor puts an immutable; what stands on a chain: `runtimeCode`. */
  readonly deployedBytecode: string;
  /** Byte offsets in deployedBytecode of the 32-byte words that hold the contract's only immutable; none: it has none. */
  readonly immutableOffsets: readonly number[];
}

/**
 * `cancun`: what OpenZeppelin 5 needs, and older than any chain we would anchor on. No metadata in the bytecode: the
 * same sources give the same bytes wherever they are compiled, and a code hash can be pinned.
 */
export const COMPILER_SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: {
    '*': {
      '*': [
        'abi',
        'storageLayout',
        'evm.bytecode.object',
        'evm.deployedBytecode.object',
        'evm.deployedBytecode.immutableReferences',
      ],
    },
  },
} as const;

const installed = createRequire(import.meta.url);

export function readSource(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}

export function artifactUrl(name: string): URL {
  return new URL(`artifacts/${name}.json`, import.meta.url);
}

/** Interface and storage of a contract for people to read; gas stands beside it. */
export function snapshotUrl(name: string): URL {
  return new URL(`snapshots/${name}.txt`, import.meta.url);
}

export function readArtifact(name: ContractName): Artifact {
  return JSON.parse(readFileSync(artifactUrl(name), 'utf8'));
}

/**
 * The code as it stands on a chain. `immutable`: the address that the constructor was given for the contract's only
 * immutable, which for AnchorRegistry is the CooperativeRegistry's.
 */
export function runtimeCode(artifact: Artifact, immutable?: string): string {
  if (artifact.immutableOffsets.length === 0) return artifact.deployedBytecode;
  if (immutable === undefined)
    throw new Error(`the code of ${artifact.contractName} holds an address: name it`);
  const word = immutable.slice(2).toLowerCase().padStart(64, '0');
  let digits = artifact.deployedBytecode.slice(2);
  for (const offset of artifact.immutableOffsets)
    digits = `${digits.slice(0, 2 * offset)}${word}${digits.slice(2 * (offset + 32))}`;
  return `0x${digits}`;
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
