import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@nongtin/service';
import { encryptKeystoreJsonSync, Wallet, ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../anvil.ts';
import { runChainCommand } from './run.ts';

const CHAIN_ID = 4_242;
const deployer = new Wallet(`0x${'11'.repeat(32)}`);
const [cloud, guard] = [
  new Wallet(`0x${'22'.repeat(32)}`).address,
  new Wallet(`0x${'33'.repeat(32)}`).address,
];

let folder: string;
let anvil: Anvil;
let clean: unknown;
let out: string;
let said: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-command-'));
  anvil = await startAnvil({
    port: await freePort(),
    chainId: CHAIN_ID,
    folder,
    allowOrigin: 'http://localhost',
  });
  // A light keystore: what a real one costs to open is meant to hurt.
  const { address, privateKey } = deployer;
  const json = encryptKeystoreJsonSync({ address, privateKey }, 'correct horse', { scrypt: { N: 1_024 } });
  writeFileSync(join(folder, 'keystore.json'), json);
  writeFileSync(join(folder, 'passphrase'), 'correct horse\n');
  await anvil.rpc('anvil_setBalance', [deployer.address, `0x${(10n ** 18n).toString(16)}`]);
});
beforeEach(async () => {
  if (clean !== undefined) await anvil.rpc('evm_revert', [clean]);
  clean = await anvil.rpc('evm_snapshot');
  await anvil.rpc('evm_setAutomine', [true]);
  out = mkdtempSync(join(folder, 'deployments-'));
  said = [];
});
afterAll(async () => {
  await anvil.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface World {
  answer?: string;
  passphrase?: string;
  /** Called each time that the command looks again. */
  pause?: () => Promise<void>;
}

/** The exit code; what was said is in `said`. Time passes only by looking again: a second each time. */
async function run(args: string[], { answer, passphrase, pause }: World = {}): Promise<number> {
  let now = 0;
  return runChainCommand([...args, '--rpc', anvil.rpcUrl, '--out', out], folder, {
    say: (line) => said.push(line),
    monotonicMs: () => now,
    pause: async () => {
      now += 1_000;
      await pause?.();
    },
    ...(passphrase === undefined
      ? { passphraseFile: join(folder, 'passphrase') }
      : { askHidden: async () => passphrase }),
    ...(answer === undefined ? {} : { ask: async () => answer }),
  });
}

const deploy = (more: string[] = ['--yes'], world: World = {}) =>
  run(['deploy', '--keystore', 'keystore.json', ...more], world);
const people = ['--anchorer', cloud, '--guardian', guard];
const file = (name: string) => join(out, `${CHAIN_ID}${name}.json`);
const transactions = async () =>
  Number(await anvil.rpc('eth_getTransactionCount', [deployer.address, 'latest']));
const told = () => said.join('\n');

test('both contracts are deployed with their roles, written down, and found again by status', async () => {
  const hosts = ['--operator-host', 'Trace.example.vn', '--operator-host', 'rpc.example.vn:8545'];
  expect(await deploy(['--yes', ...people, ...hosts]), told()).toBe(0);
  expect(told()).toContain(`Chain ${CHAIN_ID}, paid by ${deployer.address}`);
  expect(await transactions()).toBe(2);
  expect(existsSync(file('.under-way'))).toBe(false);
  const { anchorRegistry, alliance, operatorHosts } = JSON.parse(readFileSync(file(''), 'utf8'));
  expect(alliance).toBe(deployer.address);
  expect(operatorHosts, 'for verifiers to know').toEqual(['trace.example.vn', 'rpc.example.vn']);
  said = [];
  expect(await run(['status'])).toBe(0);
  expect(said.filter((line) => line.includes('our code'))).toHaveLength(2);
  expect(told()).toContain(`ANCHORER_ROLE: ${cloud} (0.0)`);
  expect(told()).toContain(`GUARDIAN_ROLE: ${guard} (0.0)`);
  expect(told()).toContain(`administrator ${deployer.address}, changes hands with a delay of 259200 s`);
  await anvil.rpc('anvil_setCode', [anchorRegistry, '0x6001']);
  expect(await run(['status'])).toBe(1);
  expect(told()).toContain('NOT OUR CODE');
});

test('the cost that is shown is enough, and not twice too much', async () => {
  await deploy(['--yes', ...people]);
  const shown = Number(/for at most ([0-9.]+)/.exec(told())?.[1]);
  const price = Number(/at ([0-9.]+) gwei/.exec(told())?.[1]) * 1e-9;
  const head = Number(await anvil.rpc('eth_blockNumber'));
  let used = 0;
  for (const number of [head - 1, head]) {
    const block = (await anvil.rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])) as {
      gasUsed: string;
    };
    used += Number(block.gasUsed);
  }
  expect(shown).toBeGreaterThan(used * price);
  expect(shown).toBeLessThan(2 * used * price);
});

test('a deployment that stands is not made a second time', async () => {
  await deploy();
  expect(await deploy()).toBe(1);
  expect(told()).toContain('the contracts stand on that chain already');
  expect(await transactions()).toBe(2);
});

test('a deployment that takes the place of others names them and those before them, once each', async () => {
  const place = (chainId: number, byte: string) => ({
    ...{ chainId, anchorRegistry: `0x${byte.repeat(20)}`, cooperativeRegistry: `0x${byte.repeat(20)}` },
  });
  const hash = `0x${'9'.repeat(64)}`;
  const codeHashes = { anchorRegistry: hash, cooperativeRegistry: hash };
  const dead = { ...place(7, 'a1'), deployedAtBlock: 1, codeHashes, succeeds: [place(5, 'b2')] };
  writeFileSync(join(folder, 'dead.json'), JSON.stringify(dead));
  const older = { ...place(5, 'b2'), deployedAtBlock: 1, codeHashes };
  writeFileSync(join(folder, 'older.json'), JSON.stringify(older));
  const both = ['--succeeds', 'dead.json', '--succeeds', 'older.json'];
  await anvil.rpc('evm_setAutomine', [false]);
  expect(await deploy(['--yes', '--wait-minutes', '0', ...both])).toBe(1);
  // Whose place it takes is agreed on when it is begun.
  expect(await deploy()).toBe(1);
  expect(told()).toContain('begun with another succeeds');
  await anvil.rpc('evm_setAutomine', [true]);
  await anvil.rpc('evm_mine');
  expect(await deploy(['--yes', ...both]), told()).toBe(0);
  expect(told()).toContain(`Takes the place of ${dead.anchorRegistry} on chain 7`);
  expect(JSON.parse(readFileSync(file(''), 'utf8')).succeeds).toEqual([place(7, 'a1'), place(5, 'b2')]);
  said = [];
  expect(await run(['status'])).toBe(0);
  expect(told()).toContain(`It takes the place of ${older.anchorRegistry} on chain 5`);
  writeFileSync(join(folder, 'odd.json'), JSON.stringify({ ...dead, succeeds: [{ chainId: 7 }] }));
  rmSync(file(''));
  expect(await deploy(['--yes', '--succeeds', 'odd.json'])).toBe(1);
  expect(told()).toContain('odd.json is incomplete or not ours');
  expect(await deploy(['--yes', '--succeeds', 'none.json'])).toBe(1);
  expect(told()).toContain('There is no file');
});

test('an interruption after the first contract, or before its answer: the next run goes on, and nothing is there twice', async () => {
  await anvil.rpc('evm_setAutomine', [false]);
  const interrupted = ['--yes', '--wait-minutes', '0.1', '--operator-host', 'trace.example.vn'];
  expect(await deploy(interrupted)).toBe(1);
  expect(told()).toContain('CooperativeRegistry is not mined yet');
  expect(existsSync(file('.under-way'))).toBe(true);
  said = [];
  const mine = async () => {
    await anvil.rpc('evm_mine');
  };
  expect(await deploy(['--yes', '--operator-host', 'rpc.example.vn'], { pause: mine }), told()).toBe(0);
  expect(told()).toContain('CooperativeRegistry was sent before');
  // What was named before the interruption is no witness either.
  expect(JSON.parse(readFileSync(file(''), 'utf8')).operatorHosts).toEqual([
    'trace.example.vn',
    'rpc.example.vn',
  ]);
  expect(await transactions()).toBe(2);
});

test('a crash after the last contract is noticed: only the file is written', async () => {
  await deploy(people.concat('--yes'));
  const { cooperativeRegistry } = JSON.parse(readFileSync(file(''), 'utf8'));
  const { sourceHash } = JSON.parse(readFileSync(file(''), 'utf8'));
  rmSync(file(''));
  const underWay = {
    ...{ chainId: CHAIN_ID, deployer: deployer.address, nonce: 0, fromBlock: 0, sourceHash },
    ...{ alliance: deployer.address, anchorers: [cloud], guardians: [guard], adminDelaySeconds: 259_200 },
  };
  writeFileSync(file('.under-way'), JSON.stringify(underWay));
  expect(await deploy(people), told()).toBe(0);
  expect(JSON.parse(readFileSync(file(''), 'utf8')).cooperativeRegistry).toBe(cooperativeRegistry);
  expect(await transactions()).toBe(2);
});

test('what was begun is not finished with other people, nor after the account did something else', async () => {
  await anvil.rpc('evm_setAutomine', [false]);
  await deploy(['--yes', '--wait-minutes', '0']);
  expect(await deploy(['--yes', '--guardian', guard])).toBe(1);
  expect(told()).toContain('begun with another guardians');
  await anvil.rpc('anvil_dropAllTransactions');
  await anvil.rpc('anvil_setNonce', [deployer.address, '0x1']);
  expect(await deploy()).toBe(1);
  expect(told()).toContain('has taken the turn (nonce 0) of CooperativeRegistry');
});

test('a person is asked before anything is sent, and told what it costs', async () => {
  expect(await deploy([], { answer: 'no' })).toBe(1);
  expect(told()).toContain('Nothing was sent.');
  expect(await deploy([])).toBe(1);
  expect(told()).toContain('say --yes if you are sure');
  expect(await transactions()).toBe(0);
  expect(await deploy([], { answer: 'yes', passphrase: 'correct horse' }), told()).toBe(0);
});

test.each([
  ['a wrong passphrase', ['--yes'], { passphrase: 'wrong' }, 'The passphrase does not open'],
  ['another chain', ['--yes', '--chain-id', '1'], {}, `speaks for chain ${CHAIN_ID}, not 1`],
  ['a mistyped address', ['--yes', '--anchorer', '0x12'], {}, '--anchorer is "0x12"'],
  ['too little money', ['--yes', '--max-fee-gwei', '900000'], {}, 'send it'],
  ['nobody as alliance', ['--yes', '--alliance', ZeroAddress], {}, '--alliance is "0x00'],
  [
    'a host with a path',
    ['--yes', '--operator-host', 'https://x.vn/'],
    {},
    '--operator-host is "https://x.vn/"',
  ],
  ['half a chain', ['--yes', '--chain-id', '1.5'], {}, '--chain-id is "1.5": give a whole number'],
  ['a fee in another notation', ['--yes', '--max-fee-gwei', '1e2'], {}, '--max-fee-gwei is "1e2": give gwei'],
  ['a fee that is no number', ['--yes', '--max-fee-gwei', 'much'], {}, '--max-fee-gwei is "much"'],
] as const)('%s is told in a sentence, and nothing is sent', async (_, more, world, sentence) => {
  expect(await deploy([...more], { ...world })).toBe(1);
  expect(told()).toContain(sentence);
  expect(await transactions()).toBe(0);
  expect(existsSync(file('.under-way'))).toBe(false);
});

test('a node that is down, and a keystore that is none, are told as such; no key is ever said', async () => {
  const io = { say: (line: string) => said.push(line), monotonicMs: () => 0, pause: async () => {} };
  const down = ['deploy', '--keystore', 'keystore.json', '--rpc', 'http://u:secret@127.0.0.1:9/key'];
  expect(await runChainCommand(down, folder, io)).toBe(1);
  expect(told()).toContain('The node at 127.0.0.1:9 gives no usable answer (bad port): try again later');
  expect(told()).not.toMatch(/secret|\/key/);
  expect(await run(['deploy', '--yes', '--keystore', 'passphrase'])).toBe(1);
  expect(told()).toContain('is no keystore');
  expect(await run(['deploy', '--yes', '--keystore', 'nothing'])).toBe(1);
  expect(told()).toContain('There is no file');
  expect(await run(['deploy', '--yes', '--keystore', '.'])).toBe(1);
  expect(told()).toContain(`${folder} is a folder: name the file in it.`);
  expect(await run(['status'])).toBe(1);
  expect(told()).toContain('nothing of ours was deployed');
  expect(await run(['destroy'])).toBe(1);
  expect(told()).toContain('deploy, status or call is expected');
  expect(told()).not.toContain('11'.repeat(32));
});

test('help is no mistake', async () => {
  expect(await run(['deploy', '--help'])).toBe(0);
  expect(said[0]).toContain('Usage: npm run nongtin -- chain deploy');
});

test('a node that gives no old events leaves the rest of status as it is', async () => {
  await deploy();
  const error = { code: -32_005, message: 'range too wide\u001b[2J\nhacked' };
  const code = await throughNode(['status'], (method) => (method === 'eth_getLogs' ? { error } : undefined));
  expect(code, told()).toBe(0);
  expect(told()).toContain('ANCHORER_ROLE: stands in events that this node does not give');
  expect(told()).toContain('range too wide\\u001b[2J\\u000ahacked');
});

test.each([
  ['eth_chainId', null],
  ['eth_chainId', '-0x1'],
  ['eth_getCode', '0x600'],
  ['eth_call', { word: 1 }],
  ['eth_call', '0x'],
])('a node that answers %s with %j is told as the one that is wrong', async (asked, result) => {
  await deploy();
  expect(await throughNode(['status'], (method) => (method === asked ? { result } : undefined))).toBe(1);
  expect(told()).toMatch(/name another (node )?with --rpc\.$/);
});

test('where the chain proposes no tip, the person is told how to say one', async () => {
  const error = { code: -32_601, message: 'method not found' };
  const args = ['deploy', '--keystore', 'keystore.json', '--yes'];
  const io = (method: string) => (method === 'eth_maxPriorityFeePerGas' ? { error } : undefined);
  expect(await throughNode(args, io)).toBe(1);
  expect(told()).toContain('method not found. Or say the tip yourself, with --tip-gwei.');
  expect(await throughNode([...args, '--tip-gwei', '1'], io), told()).toBe(0);
});

/** The exit code of a command that asks a node of which `answer` gives some answers, and anvil the rest. */
async function throughNode(
  args: readonly string[],
  answer: (method: string) => object | undefined,
): Promise<number> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, params } = JSON.parse(Buffer.concat(chunks).toString());
    const given = answer(method) ?? { result: await anvil.rpc(method, params) };
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...given }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  said = [];
  const io = {
    ...{ say: (line: string) => said.push(line), monotonicMs: () => 0, pause: async () => {} },
    passphraseFile: join(folder, 'passphrase'),
  };
  try {
    return await runChainCommand([...args, '--rpc', `http://127.0.0.1:${port}`, '--out', out], folder, io);
  } finally {
    server.close();
  }
}
