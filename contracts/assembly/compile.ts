import { readFileSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

/**
 * Compiles what is hashed by the million to WebAssembly, with the compiler that npm installed (nothing downloaded), and keeps
 * it in TypeScript files, so that browsers, workers and bundles need no file beside them.
 *
 *   node contracts/assembly/compile.ts           writes the modules
 *   node contracts/assembly/compile.ts --check   fails if a module is not what its sources compile to
 */
const MODULES = [
  { source: 'tree.ts', module: '../encoding/tree-wasm.ts', constant: 'TREE_WASM' },
  { source: 'stamps.ts', module: 'stamps-wasm.ts', constant: 'STAMPS_WASM' },
] as const;

/** One page of 64 KiB for keccak's and SHA-256's own memory, and eight for nodes or leaves: 16,384 of them. */
const MEMORY_PAGES = 9;

const OPTIONS = [
  '-o out.wasm --runtime stub -O3 --converge --noAssert --use abort= --enable simd',
  `--initialMemory ${MEMORY_PAGES} --maximumMemory ${MEMORY_PAGES}`,
]
  .join(' ')
  .split(' ');

async function compile(source: string): Promise<Uint8Array> {
  let compiled: Uint8Array | undefined;
  const { error, stderr } = await asc.main([source, ...OPTIONS], {
    readFile: (name) => {
      try {
        return readFileSync(new URL(`sources/${name}`, import.meta.url), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') compiled = contents;
    },
  });
  const said = stderr.toString();
  if (error !== null || compiled === undefined || said !== '') {
    throw new Error(`${source} does not compile: ${said || error?.message}`);
  }
  return compiled;
}

async function run(check: boolean): Promise<number> {
  let stale = 0;
  for (const { source, module, constant } of MODULES) {
    const url = new URL(module, import.meta.url);
    const bytes = await compile(source);
    const text = [
      `/** contracts/assembly/sources/${source} as WebAssembly, base64; written by contracts/assembly/compile.ts. ${bytes.length} bytes. */`,
      `export const ${constant} =`,
      `  '${Buffer.from(bytes).toString('base64')}';\n`,
    ].join('\n');
    if (text === textOf(url)) continue;
    stale += 1;
    if (check)
      console.error(`${module} is not what ${source} compiles to: run node contracts/assembly/compile.ts`);
    else writeFileSync(url, text);
  }
  console.log(
    stale === 0
      ? 'The WebAssembly modules are current.'
      : `${stale} of ${MODULES.length} ${check ? 'differ' : 'written'}.`,
  );
  return check && stale > 0 ? 1 : 0;
}

function textOf(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) process.exitCode = await run(process.argv.includes('--check'));
