import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Interface } from 'ethers';
import solc from 'solc';
import {
  type Artifact,
  artifactUrl,
  COMPILER_SETTINGS,
  CONTRACTS,
  type ContractName,
  readSource,
  snapshotUrl,
  sourceHash,
} from './artifacts.ts';

/**
 * Compiles the contracts with the compiler that npm installed (WebAssembly, nothing downloaded). Takes seconds.
 *
 *   node contracts/compile.ts           writes artifacts/ and snapshots/
 *   node contracts/compile.ts --check   fails if they are not what the sources compile to
 */
export function compileContracts(): Record<ContractName, Artifact> {
  const [anchors, cooperatives] = compileFiles(CONTRACTS.map((name) => `${name}.sol`));
  if (anchors === undefined || cooperatives === undefined)
    throw new Error('the compiler left out a contract');
  return { AnchorRegistry: anchors, CooperativeRegistry: cooperatives };
}

interface Variable {
  readonly label: string;
  readonly slot: string;
  readonly offset: number;
  readonly type: string;
}

interface StorageLayout {
  readonly storage: readonly Variable[];
  readonly types: Record<string, { readonly label: string; readonly members?: readonly Variable[] }> | null;
}

interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Record<
    string,
    Record<
      string,
      {
        readonly abi: Artifact['abi'];
        readonly evm: {
          readonly bytecode: { object: string };
          readonly deployedBytecode: {
            readonly object: string;
            readonly immutableReferences: Record<string, readonly { start: number; length: number }[]>;
          };
        };
        readonly storageLayout: StorageLayout;
      }
    >
  >;
}

/** One artifact for each file, of the contract that has the file's name. Warnings count as errors. */
export function compileFiles(files: readonly string[]): Artifact[] {
  const input = {
    language: 'Solidity',
    settings: COMPILER_SETTINGS,
    sources: Object.fromEntries(files.map((file) => [file, { content: readSource(file) }])),
  };
  const output: CompilerOutput = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
  const problems = output.errors?.map((problem) => problem.formattedMessage) ?? [];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return files.map((file) => artifactOf(output, file));
}

function artifactOf(output: CompilerOutput, file: string): Artifact {
  const contractName = file.replace(/^.*\//, '').replace(/\.sol$/, '');
  const contract = output.contracts?.[file]?.[contractName];
  if (contract === undefined) throw new Error(`${file} holds no contract named ${contractName}`);
  const { object, immutableReferences } = contract.evm.deployedBytecode;
  if (Object.keys(immutableReferences).length > 1)
    throw new Error(`${contractName} has two immutables: the artifact could not tell one from the other`);
  return {
    contractName,
    compiler: solc.version(),
    sourceHash: sourceHash(),
    abi: contract.abi,
    storage: storageLines(contract.storageLayout),
    bytecode: `0x${contract.evm.bytecode.object}`,
    deployedBytecode: `0x${object}`,
    immutableOffsets: Object.values(immutableReferences).flatMap((places) =>
      places.map(({ start }) => start),
    ),
  };
}

/** Variables by slot and byte, then the structs that they lead to, as they are packed. */
function storageLines({ storage, types }: StorageLayout): string[] {
  const line = ({ slot, offset, type, label }: Variable) =>
    `slot ${slot} byte ${offset}: ${types?.[type]?.label} ${label}`;
  const structs = Object.values(types ?? {}).flatMap(({ label, members = [] }) =>
    members.map((member) => `${label} ${line(member)}`),
  );
  return [...storage.map(line), ...structs];
}

/** A package's file, or another one of ours by its path in this folder. */
function readImport(path: string): { contents: string } | { error: string } {
  try {
    if (!path.startsWith('@')) return { contents: readSource(path) };
    return { contents: readFileSync(fileURLToPath(import.meta.resolve(path)), 'utf8') };
  } catch (error) {
    return { error: String(error) };
  }
}

function run(check: boolean): number {
  const compiled = Object.values(compileContracts());
  const files = compiled.flatMap((artifact) => [
    { url: artifactUrl(artifact.contractName), text: `${JSON.stringify(artifact, null, 1)}\n` },
    { url: snapshotUrl(artifact.contractName), text: snapshotOf(artifact) },
  ]);
  const changed = files.filter(({ url, text }) => text !== currentText(url));
  if (!check) for (const { url, text } of changed) writeFileSync(url, text);
  const names = changed.map(({ url }) => url.pathname.replace(/^.*\/contracts\//, 'contracts/')).join(', ');
  if (changed.length === 0) console.log('contracts/artifacts and contracts/snapshots are current.');
  else if (check) console.error(`${names} differ from the sources: run node contracts/compile.ts`);
  else console.log(`Wrote ${names}.`);
  return check && changed.length > 0 ? 1 : 0;
}

/** What others rely on, to be read in a change: interface and storage. */
function snapshotOf({ contractName, abi, storage }: Artifact): string {
  const lines = new Interface(abi).format().toSorted();
  return `${[`# ${contractName}: interface`, ...lines, '', '# Storage', ...storage].join('\n')}\n`;
}

function currentText(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) process.exitCode = run(process.argv.includes('--check'));
