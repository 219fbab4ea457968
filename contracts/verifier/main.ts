import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runVerify } from './run.ts';

// Whoever reads may have read enough (`| head`).
process.stdout.on('error', () => {});
process.exitCode = await runVerify(process.argv.slice(2), {
  from: process.env.INIT_CWD ?? process.cwd(),
  deployments: fileURLToPath(new URL('../deployments', import.meta.url)),
  dataDir: resolve(process.env.NONGTIN_DATA_DIR?.trim() || './data'),
  say: (line) => process.stdout.write(`${line}\n`),
});
