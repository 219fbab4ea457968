import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import solc from 'solc';
import {
  type Artifact,
  artifactUrl,
  COMPILER_SETTINGS,
  CONTRACTS,
  type ContractName,
  readSource,
  sourceHash,
} from './artifacts.ts';

/**
 * Compiles the contracts with the compiler that npm installed (WebAssembly, nothing downloaded). Takes seconds.
 *
 *   node contracts/compile.ts           writes artifacts/
 *   node contracts/compile.ts --check   fails if artifacts/ is not what the sources compile to
 */
export function compileContracts(): Record<ContractName, Artifact> {
  const [anchors, cooperatives] = compileFiles(CONTRACTS.map((name) => `${name}.sol`));
  if (anchors === undefined || cooperatives === undefined)
    throw new Error('the compiler left out a contract');
  return { AnchorRegistry: anchors, CooperativeRegistry: cooperatives };
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
          readonly deployedBytecode: { object: string };
        };
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
  return {
    contractName,
    compiler: solc.version(),
    sourceHash: sourceHash(),
    abi: contract.abi,
    bytecode: `0x${contract.evm.bytecode.object}`,
    deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
  };
}

/** Only packages may be imported: our contracts stand alone. */
function readImport(path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(fileURLToPath(import.meta.resolve(path)), 'utf8') };
  } catch (error) {
    return { error: String(error) };
  }
}

function run(check: boolean): number {
  const compiled = compileContracts();
  const changed = CONTRACTS.filter((name) => {
    const text = `${JSON.stringify(compiled[name], null, 1)}\n`;
    if (text === currentText(name)) return false;
    if (!check) writeFileSync(artifactUrl(name), text);
    return true;
  });
  if (changed.length === 0) console.log('contracts/artifacts is current.');
  else if (check)
    console.error(`contracts/artifacts differs (${changed.join(', ')}): run node contracts/compile.ts`);
  else console.log(`Wrote ${changed.join(', ')} to contracts/artifacts.`);
  return check && changed.length > 0 ? 1 : 0;
}

function currentText(name: ContractName): string | undefined {
  try {
    return readFileSync(artifactUrl(name), 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) process.exitCode = run(process.argv.includes('--check'));
