import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** Plays npm: notes its arguments, installs a Node that is the one of this test, or fails as $FAKE_NPM says. */
const fakeNpm = `
const { appendFileSync, mkdirSync, rmSync, symlinkSync } = require('node:fs');
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
if (process.env.FAKE_NPM) { console.error(process.env.FAKE_NPM); process.exit(1); }
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/.bin', { recursive: true });
symlinkSync(process.execPath, 'node_modules/.bin/node');
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-start-'));
  mkdirSync(join(folder, 'start'));
  mkdirSync(join(folder, 'edge'));
  for (const file of ['start.mjs', 'flags.mjs', 'gateway-program.mjs', 'install.mjs', 'node24.mjs'])
    cpSync(join(import.meta.dirname, file), join(folder, 'start', file));
  write('npm.js', fakeNpm);
  write('package.json', JSON.stringify({ workspaces: ['edge', 'start', 'bench'] }));
  writeLock('1.0.0');
  const echo = 'console.log(JSON.stringify(process.argv.slice(2)))';
  write('start/main.ts', echo);
  write('edge/main.ts', `const code: number = 7; ${echo}; process.exitCode = code;`);
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string) {
  writeFileSync(join(folder, path), text);
}

function writeLock(version: string) {
  const probe = { version, integrity: `sha512-${version}` };
  write('package-lock.json', JSON.stringify({ packages: { '': {}, 'node_modules/probe': probe } }));
}

function start(args: string[] = [], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [join(folder, 'start/start.mjs'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, npm_execpath: join(folder, 'npm.js'), ...env },
  });
}

const npmCalls = () => {
  const path = join(folder, 'npm-calls');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
};

describe('npm start', () => {
  test('installs once, without development tools and the benchmarks, and hands its arguments on', () => {
    const first = start(['--no-sim']);
    expect(first.status).toBe(0);
    expect(first.stdout).toBe('["--no-sim"]\n');
    expect(first.stderr).toBe('Installing what is needed (once, one to three minutes) …\n');
    expect(npmCalls()).toEqual([
      expect.stringMatching(/^ci --omit=dev --include-workspace-root -w edge -w start --fetch/),
    ]);
    const second = start();
    expect(second.stderr).toBe('');
    expect(npmCalls()).toHaveLength(1);
  });

  test('installs again when the lock file has changed', () => {
    start();
    writeLock('1.0.1');
    start();
    expect(npmCalls()).toHaveLength(2);
  });

  test('leaves alone what was installed by hand and fits the lock file', () => {
    mkdirSync(join(folder, 'node_modules'));
    cpSync(join(folder, 'package-lock.json'), join(folder, 'node_modules/.package-lock.json'));
    expect(start().status).toBe(0);
    expect(npmCalls()).toEqual([]);
  });

  test('completes an installation by hand that is older than the lock file', () => {
    mkdirSync(join(folder, 'node_modules'));
    cpSync(join(folder, 'package-lock.json'), join(folder, 'node_modules/.package-lock.json'));
    writeLock('1.0.1');
    start();
    expect(npmCalls()).toHaveLength(1);
  });

  test('keeps the development tools of who has them', () => {
    mkdirSync(join(folder, 'node_modules/@biomejs/biome'), { recursive: true });
    start();
    expect(npmCalls()).toEqual([expect.stringMatching(/^ci --fetch/)]);
    writeLock('1.0.1');
    start();
    expect(npmCalls()[1]).toMatch(/^ci --fetch/);
  });

  test('runs one service alone when it is named, and ends with its exit code', () => {
    const { status, stdout } = start(['gateway', '--speed', '60']);
    expect(stdout).toBe('["--speed","60"]\n');
    expect(status).toBe(7);
  });

  test('runs the gateway from its bundle, or from its sources when there can be none', () => {
    write('start/bundle.ts', "throw new Error('no room');");
    const unbundled = start(['gateway']);
    expect(unbundled.status).toBe(7);
    expect(unbundled.stderr).toMatch(/The gateway runs from its sources, .* \(Error: no room\)\.\n$/);
    write('bundled.mjs', "console.log('bundled');");
    write('start/bundle.ts', "console.log(new URL('../bundled.mjs', import.meta.url).pathname);");
    const { stdout, stderr } = start(['gateway']);
    expect(stdout).toBe('bundled\n');
    expect(stderr).toBe('');
  });

  test.each([
    ['getaddrinfo ENOTFOUND registry.example', /could not be downloaded.*check the internet connection/],
    ['EACCES: permission denied, mkdir', /No permission to write into .*: give the folder to this user/],
    ['ENOSPC: no space left on device', /is full: free 1 GB and start again/],
    [
      'something nobody has seen',
      /npm could not install the packages\. It said:\nnpm error something nobody has seen/,
    ],
  ])('says in one sentence why it cannot install (%s)', (complaint, sentence) => {
    const { status, stderr } = start([], { FAKE_NPM: `npm error ${complaint}` });
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/ at .*\.mjs/);
  });

  test('tells when there is no npm', () => {
    const { status, stderr } = start([], { PATH: '/nowhere', npm_execpath: '' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/npm was not found: install it together with Node/);
  });

  test('passes a signal on once, however often it comes, and waits for the end', async () => {
    start();
    write(
      'start/main.ts',
      `let signals = 0;
       const alive = setInterval(() => {}, 1_000);
       process.on('SIGTERM', () => { signals += 1; setTimeout(() => { console.log('signals', signals); clearInterval(alive); }, 150); });
       console.log('up');`,
    );
    const child = spawn(process.execPath, [join(folder, 'start/start.mjs')]);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output === 'up\n')
        for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM'] as const) child.kill(signal);
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(output).toBe('up\nsignals 1\n');
    expect(code).toBe(0);
  });
});
