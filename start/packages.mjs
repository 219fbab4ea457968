// Plain JavaScript without dependencies: it runs on the machine's own Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian packages that some suites need, each with a program that shows it is there. */
export const testPackages = [
  { package: 'influxdb', program: 'influxd' },
  { package: 'influxdb-client', program: 'influx' },
  { package: 'mosquitto', program: 'mosquitto' },
  { package: 'mosquitto-clients', program: 'mosquitto_pub' },
  { package: 'chromium', program: 'chromium' },
  { package: 'postgresql', program: 'postgres' },
  { package: 'nats-server', program: 'nats-server' },
  { package: 'victoria-metrics', program: 'victoria-metrics' },
  { package: 'iproute2', program: 'tc' },
];

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Sees to the packages that the tests need: installs what is missing where that is possible (Debian, as root), and
 * otherwise says what is missing. Returns false when the tests must not go on.
 * @param {{
 *   say: (text: string) => void,
 *   ci: boolean,
 *   isRoot: boolean,
 *   has?: (program: string) => boolean,
 *   aptGet?: (args: string[]) => boolean,
 *   guard?: (install: () => void) => void,
 * }} options
 */
export function ensureTestPackages(options) {
  const { say, ci, isRoot, has = hasProgram, aptGet = runAptGet, guard = withoutStartingDaemons } = options;
  const missing = () => testPackages.filter(({ program }) => !has(program)).map((one) => one.package);
  const names = missing();
  if (names.length === 0) return true;
  if (isRoot && has('apt-get')) {
    say(`Installing Debian packages for the tests: ${names.join(' ')} …`);
    guard(() => {
      aptGet(['update', '-qq']);
      aptGet(['install', '-y', '-qq', '--no-install-recommends', ...names]);
    });
  }
  const still = missing();
  if (still.length === 0) return true;
  const command = `apt-get install ${still.join(' ')}`;
  if (ci) say(`Missing system packages, and in CI nothing may be skipped: ${command}`);
  else say(`Without these system packages the suites that need them are skipped: ${command}`);
  return !ci;
}

/** @param {string} program */
function hasProgram(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  // apt-get and daemons live where an ordinary user's PATH may not look; Debian keeps PostgreSQL's server per version.
  const more = ['/usr/sbin', '/usr/bin', ...postgresFolders()];
  return [...folders, ...more].some((folder) => folder !== '' && existsSync(join(folder, program)));
}

function postgresFolders() {
  const base = '/usr/lib/postgresql';
  return existsSync(base) ? readdirSync(base).map((version) => join(base, version, 'bin')) : [];
}

/** @param {string[]} args */
function runAptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
  if (status !== 0) process.stderr.write(`apt-get ${args[0]} failed:\n${(stderr ?? '').slice(-2_000)}\n`);
  return status === 0;
}

/**
 * Debian starts a daemon when its package is installed, and ours would hold the ports that we test with. The policy
 * file that forbids it exists for the time of the installation only, and never replaces one that is there.
 * @param {() => void} install
 */
function withoutStartingDaemons(install) {
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    install();
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}
