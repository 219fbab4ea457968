// npm test, npm run test:long: installs everything, sees to the system packages, builds the pages, runs the suites.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, InstallProblem } from './install.mjs';
import { findNode24, runToEnd } from './node24.mjs';
import { ensureTestPackages } from './packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);
const given = process.argv.slice(2);
const long = given.includes('--long');
const filters = given.filter((arg) => arg !== '--long');
const ci = Boolean(process.env.CI) && process.env.CI !== 'false';

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof InstallProblem)) throw error;
  say(error.message);
  process.exitCode = 1;
}

async function main() {
  await ensureInstalled({ root, mode: 'full', say });
  if (!ensureTestPackages({ say, ci, isRoot: process.getuid?.() === 0 })) return 1;
  const node = findNode24(root);
  const flags = ['--disable-warning=ExperimentalWarning'];
  const built = await runToEnd(node, [...flags, join(root, 'dashboards/build.ts')], { cwd: root });
  return built === 0 ? runSuites(node) : built;
}

/** @param {string} node */
async function runSuites(node) {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-test-'));
  try {
    const report = join(folder, 'report.json');
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    if (long) args.push('--config', join(root, 'start', 'vitest.long.config.ts'), '--passWithNoTests');
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const env = testEnvironment(folder);
    const code = await runToEnd(node, [vitest, ...args, ...filters], { cwd: root, env });
    console.log(countsLine(report, code));
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder for what only this run needs */
function testEnvironment(folder) {
  const bin = join(root, 'node_modules', '.bin');
  // The same stories each time: what a change is judged by must not depend on the minute it is judged in.
  const slice =
    long && ci && !process.env.NONGTIN_LONG_SECONDS ? { NONGTIN_LONG_SECONDS: '75', NONGTIN_SEED: '1' } : {};
  // Suites start hundreds of processes of the same code: what one has compiled the next one need not.
  const compiled = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
  return { ...process.env, ...slice, ...compiled, PATH: `${bin}:${process.env.PATH}` };
}

/**
 * The last line of a test run. A suite that could not even be loaded counts as one failure.
 * @param {string} report
 * @param {number} code
 */
function countsLine(report, code) {
  let counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    // Vitest ended before it could write: told by its exit code.
  }
  const failed = counts.numFailedTests || (code === 0 ? 0 : 1);
  const skipped = counts.numPendingTests + counts.numTodoTests;
  return `${counts.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
}
