// Plain JavaScript without dependencies: it runs on the machine's own Node, before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What `npm start` needs leaves out the development tools and the benchmarks' peers; tests and benchmarks need all.
 * @typedef {'run' | 'full'} Mode
 */

const STAMP = join('node_modules', '.nongtin-lock');

/** npm's own pauses make a person without internet wait for more than a minute before they learn it. */
const PATIENCE = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=8000'];

/** A reason to stop that a person can act on: printed as it stands, exit code 1. */
export class InstallProblem extends Error {}

/**
 * Makes node_modules fit package-lock.json; does nothing when it already does.
 * @param {{ root: string, mode: Mode, say: (text: string) => void, run?: typeof runNpm }} options
 */
export async function ensureInstalled({ root, mode, say, run = runNpm }) {
  checkNodeVersion(process.versions.node);
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (isInstalled(root, lock, mode)) return;
  checkWritable(root);
  // Who has the development tools keeps them.
  const wanted = hasEverything(root) ? 'full' : mode;
  say('Installing what is needed (once, one to three minutes) …');
  const { code, output } = await run(root, [...npmArguments(root, wanted), ...PATIENCE]);
  if (code !== 0) throw new InstallProblem(explainNpm(output, root));
  writeStamp(root, lock, wanted);
}

/** @param {string} root */
function hasEverything(root) {
  const [, installed] = readText(join(root, STAMP)).trim().split(' ');
  return (
    installed === 'full' ||
    (installed === undefined && existsSync(join(root, 'node_modules', '@biomejs', 'biome')))
  );
}

/** @param {string} version */
export function checkNodeVersion(version) {
  if (Number(version.split('.')[0]) >= 18) return;
  throw new InstallProblem(`Node.js ${version} is too old: install Node.js 20 or newer (nodejs.org).`);
}

/**
 * @param {string} root
 * @param {Mode} mode
 */
export function npmArguments(root, mode) {
  if (mode === 'full') return ['ci'];
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const needed = workspaces.filter((/** @type {string} */ name) => name !== 'bench');
  return [
    'ci',
    '--omit=dev',
    '--include-workspace-root',
    ...needed.flatMap((/** @type {string} */ name) => ['-w', name]),
  ];
}

/**
 * @param {string} root
 * @param {string} lock
 * @param {Mode} mode
 */
export function isInstalled(root, lock, mode) {
  if (!existsSync(join(root, 'node_modules'))) return false;
  const [hash, installed] = readText(join(root, STAMP)).trim().split(' ');
  if (hash === sha256(lock)) return installed === 'full' || mode === 'run';
  // Installed by hand (npm ci, npm install): npm's own record says what is there.
  if (!holdsEverything(readText(join(root, 'node_modules', '.package-lock.json')), lock)) return false;
  writeStamp(root, lock, 'full');
  return true;
}

/**
 * Whether npm's record of node_modules has each package of the lock file; those for other platforms may be missing.
 * @param {string} record
 * @param {string} lock
 */
function holdsEverything(record, lock) {
  if (record === '') return false;
  const there = JSON.parse(record).packages;
  return Object.entries(JSON.parse(lock).packages).every(([path, wanted]) => {
    if (!path.includes('node_modules/') || wanted.optional || wanted.devOptional || wanted.link) return true;
    return there[path]?.version === wanted.version && there[path]?.integrity === wanted.integrity;
  });
}

/**
 * @param {string} root
 * @param {string} lock
 * @param {Mode} mode
 */
function writeStamp(root, lock, mode) {
  try {
    writeFileSync(join(root, STAMP), `${sha256(lock)} ${mode}\n`);
  } catch {
    // A read-only checkout is looked through again at the next start, which costs a few milliseconds.
  }
}

/** @param {string} root */
function checkWritable(root) {
  try {
    accessSync(root, constants.W_OK);
    if (existsSync(join(root, 'node_modules'))) accessSync(join(root, 'node_modules'), constants.W_OK);
  } catch {
    throw new InstallProblem(noPermission(root));
  }
}

/** @param {string} root */
function noPermission(root) {
  return `No permission to write into ${root}: give the folder to this user (chown -R "$USER" ${root}), or copy it to one of yours.`;
}

/**
 * One sentence for what npm printed; npm's own last lines when the cause is not a known one.
 * @param {string} output
 * @param {string} root
 */
export function explainNpm(output, root) {
  if (
    /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET/.test(output)
  )
    return 'The packages could not be downloaded: check the internet connection (or proxy) and start again.';
  if (/ENOSPC/.test(output))
    return `The disk that holds ${root} (or npm's cache) is full: free 1 GB and start again.`;
  if (/EACCES|EPERM|EROFS/.test(output)) return noPermission(root);
  if (/npm: not found|spawn npm ENOENT/.test(output))
    return 'npm was not found: install it together with Node.js (on Debian: apt install npm, or the package of nodejs.org).';
  const lines = output.trim().split('\n').slice(-12).join('\n');
  return `npm could not install the packages. It said:\n${lines}`;
}

/**
 * npm in silence: its output is shown only when it fails.
 * @param {string} root
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runNpm(root, args) {
  const script = process.env.npm_execpath;
  const [command, first] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: 1, output: `${error.message}\n${output}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} text */
function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}
