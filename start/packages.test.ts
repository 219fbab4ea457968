import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Runs the plain JavaScript as npm test does, on a machine where only `installed` is there. */
function ensure({ installed = [] as string[], ci = false, isRoot = false, aptWorks = true }) {
  const code = `
    import { ensureTestPackages, testPackages } from ${JSON.stringify(join(import.meta.dirname, 'packages.mjs'))};
    const there = new Set(${JSON.stringify(installed)});
    const calls = [];
    const aptGet = (args) => {
      calls.push(args.join(' '));
      const names = testPackages.filter((one) => args.includes(one.package));
      if (${aptWorks}) for (const { program } of names) there.add(program);
      return ${aptWorks};
    };
    const said = [];
    const go = ensureTestPackages({ say: (text) => said.push(text), ci: ${ci}, isRoot: ${isRoot}, has: (one) => there.has(one), aptGet, guard: (install) => install() });
    console.log(JSON.stringify({ go, said, calls }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as { go: boolean; said: string[]; calls: string[] };
}

const everything = [
  'influxd',
  'influx',
  'mosquitto',
  'mosquitto_pub',
  'chromium',
  'postgres',
  'nats-server',
  'victoria-metrics',
  'tc',
];

test('when everything is there, nothing is said or done', () => {
  expect(ensure({ installed: everything })).toEqual({ go: true, said: [], calls: [] });
});

test('root on Debian gets what is missing, and only that', () => {
  const installed = ['apt-get', ...everything.filter((one) => one !== 'chromium')];
  const { go, said, calls } = ensure({ installed, isRoot: true });
  expect(go).toBe(true);
  expect(said).toEqual(['Installing Debian packages for the tests: chromium …']);
  expect(calls).toEqual(['update -qq', 'install -y -qq --no-install-recommends chromium']);
});

test('somebody else is told which suites are skipped for want of what', () => {
  const { go, said, calls } = ensure({ installed: everything.slice(2) });
  expect(go).toBe(true);
  expect(calls).toEqual([]);
  expect(said).toEqual([
    'Without these system packages the suites that need them are skipped: apt-get install influxdb influxdb-client',
  ]);
});

test('in CI nothing may be missing', () => {
  const { go, said } = ensure({ installed: ['apt-get'], isRoot: true, ci: true, aptWorks: false });
  expect(go).toBe(false);
  expect(said.at(-1)).toMatch(/^Missing system packages, and in CI nothing may be skipped: apt-get install/);
});
