// Plain JavaScript without dependencies: it runs on the machine's own Node.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { InstallProblem } from './install.mjs';

/**
 * The Node 24 that package.json brings along, or the machine's own when it is one.
 * @param {string} root
 */
export function findNode24(root) {
  const brought = join(root, 'node_modules', '.bin', 'node');
  if (isNode24(brought)) return brought;
  if (isNode24(process.execPath)) return process.execPath;
  throw new InstallProblem(
    `${brought} does not run on this machine: Node.js 24 is needed; delete node_modules and start again (npm must be allowed to run install scripts), or install Node.js 24.`,
  );
}

/** @param {string} path */
function isNode24(path) {
  const { stdout, status } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 && Number(/^v(\d+)\./.exec(stdout)?.[1]) >= 24;
}

/**
 * Runs a program to its end and resolves with its exit code. It gets its own process group, so that one Ctrl-C is one
 * signal for it: the terminal, npm and we would otherwise each send it.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>}
 */
export function runToEnd(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', detached: true, ...options });
    let asked = false;
    const stop = () => {
      if (!asked) child.kill('SIGTERM');
      asked = true;
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
    whenNpmIsGone(stop);
    child.on('error', (error) => {
      process.stderr.write(`${command} could not be started: ${error.message}\n`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/**
 * npm gives a SIGTERM to the shell between it and us, which ends without a word: then our parent is another one.
 * Who starts us without npm, in the background say, may leave.
 * @param {() => void} stop
 */
function whenNpmIsGone(stop) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 500).unref();
}
