import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LotBundle, ProofBundle } from '../encoding/index.ts';
import { type Answer, endpoint, gtin14, honest, proofs, serial, serve, trust } from './fake-node.suite.ts';
import { runVerify } from './run.ts';

/** What a terminal obeys instead of showing it. */
const COMMANDS = /[\p{Cc}\u202e]/u;
const folder = mkdtempSync(join(tmpdir(), 'nongtin-hostile-'));
const others: { close(): void }[] = [];
let stamp: ProofBundle;
let ofLot: LotBundle;
let url: string;
let lines: string[];
let rpcTimeoutMs: number | undefined;

beforeAll(async () => {
  ({ stamp, ofLot } = await proofs());
  url = await node();
});
beforeEach(() => {
  rpcTimeoutMs = undefined;
  lines = [];
});
afterAll(() => {
  for (const one of others) one.close();
  rmSync(folder, { recursive: true, force: true });
});

async function node(change?: Answer): Promise<string> {
  const one = await endpoint(stamp.anchor.root, change);
  others.push(one);
  return `http://127.0.0.1:${one.port}`;
}

async function site(pages: Record<string, unknown>): Promise<number> {
  const one = await serve((request, response) => {
    const page = pages[request.url ?? ''];
    if (typeof page === 'string' && page.startsWith('http')) response.writeHead(302, { location: page });
    response.end(typeof page === 'string' ? page : JSON.stringify(page ?? { error: { message: 'no' } }));
  });
  others.push(one);
  return one.port;
}

function verify(source: unknown, args: string[] = [], trusted: object = trust): Promise<number> {
  const isLink = typeof source === 'string' && source.startsWith('http');
  if (!isLink)
    writeFileSync(join(folder, 'bundle.json'), typeof source === 'string' ? source : JSON.stringify(source));
  writeFileSync(join(folder, 'trust.json'), JSON.stringify(trusted));
  const rpc = args.includes('--rpc') ? [] : ['--rpc', url];
  return runVerify([isLink ? source : 'bundle.json', '--trust', 'trust.json', ...rpc, ...args], {
    ...{ from: folder, deployments: join(folder, 'none'), dataDir: join(folder, 'none') },
    ...(rpcTimeoutMs === undefined ? {} : { rpcTimeoutMs }),
    say: (line) => lines.push(line),
  });
}

const told = () => lines.join('\n');

describe('who was asked', () => {
  it('does not count an endpoint that says which block is final and nothing else', async () => {
    const mute = (
      await node((method) => (method === 'eth_call' ? new RangeError('pruned') : undefined))
    ).replace('127.0.0.1', 'localhost');
    const trusted = { ...trust, operatorHosts: ['127.0.0.1'] };
    expect(await verify(stamp, ['--rpc', url, '--rpc', mute], trusted), told()).toBe(33);
  });

  it.each(['127.0.0.1', '127.0.0.1.', 'LOCALHOST', '[::1]:8545'])(
    "knows an operator's host written as %s",
    async (host) => {
      const trusted = { ...trust, operatorHosts: [host] };
      expect(await verify(stamp, [], trusted), told()).toBe(33);
      expect(await verify(stamp, ['--rpc', url.replace('127.0.0.1', '2130706433')], trusted), told()).toBe(
        33,
      );
    },
  );

  it('does not follow an endpoint that sends on to another one', async () => {
    const port = await site({ '/': url });
    expect(await verify(stamp, ['--rpc', `http://127.0.0.1:${port}`])).toBe(30);
    expect(told()).toContain('sends on to 127.0.0.1');
  });

  it('hears a withdrawal of the newest blocks from one endpoint, though another has not seen it yet', async () => {
    const ahead = await node((_, params, call) =>
      call === 'revokedAt' && params[1] === 'latest' ? `0x${'0'.repeat(63)}1` : undefined,
    );
    expect(await verify(stamp, ['--rpc', url, '--rpc', ahead])).toBe(21);
  });
});

describe('what endpoints answer', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['nothing', {}],
    ['HTML', '<html>502</html>'],
    ['a result that is no number', { result: { a: 1 } }],
  ])('takes %s for no usable answer, not for another chain', async (_, page) => {
    const port = await serve((_request, response) =>
      response.end(typeof page === 'string' ? page : JSON.stringify(page)),
    );
    others.push(port);
    expect(await verify(stamp, ['--rpc', `http://127.0.0.1:${port.port}`]), told()).toBe(30);
    expect(told()).not.toMatch(/Cannot read|NaN|Unexpected token/);
  });

  it('reads no more of an answer than any true one is long', async () => {
    let sent = 0;
    const flood = await serve((_, response) => {
      const more = () => {
        while (sent < 200_000_000 && response.writable) {
          sent += 1_000_000;
          if (!response.write(' '.repeat(1_000_000))) return;
        }
        response.end();
      };
      response.on('drain', more);
      more();
    });
    others.push(flood);
    expect(await verify(stamp, ['--rpc', `http://127.0.0.1:${flood.port}`])).toBe(30);
    expect(sent).toBeLessThan(100_000_000);
  });

  it('waits for no endpoint longer than it says, and judges without it', async () => {
    const silent = await node((method) => (method === 'eth_getCode' ? 'hang' : undefined));
    rpcTimeoutMs = 300;
    expect(await verify(stamp, ['--rpc', silent])).toBe(30);
    expect(told()).toContain('timeout');
    rpcTimeoutMs = 5_000;
  });

  it.each([{}, { number: 'zzz' }, { number: -5 }, { number: '' }, 'block'])(
    'does not count blocks from the head where the final block is %j',
    async (block) => {
      const odd = await node((method) => (method === 'eth_getBlockByNumber' ? block : undefined));
      expect(await verify(stamp, ['--rpc', odd]), told()).toBe(30);
      expect(await verify(stamp, ['--rpc', odd, '--rpc', url]), told()).toBe(0);
    },
  );

  it('counts blocks from the head only where a chain does not know the tag, not where the question got lost', async () => {
    const without = await node((method) =>
      method === 'eth_getBlockByNumber' ? new RangeError('unknown block tag') : undefined,
    );
    expect(await verify(stamp, ['--rpc', without])).toBe(0);
    const truth = honest(stamp.anchor.root);
    const lost = await serve((_, response, body) => {
      const { method, params } = JSON.parse(body);
      if (method === 'eth_getBlockByNumber') response.writeHead(503).end('busy');
      else response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: truth(method, params) }));
    });
    others.push(lost);
    expect(await verify(stamp, ['--rpc', `http://127.0.0.1:${lost.port}`]), told()).toBe(30);
  });

  it('says neither user nor password of an endpoint, and uses them', async () => {
    const seen: (string | undefined)[] = [];
    const truth = honest(stamp.anchor.root);
    const paid = await serve((request, response, body) => {
      seen.push(request.headers.authorization);
      const { method, params } = JSON.parse(body);
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: truth(method, params) }));
    });
    others.push(paid);
    expect(await verify(stamp, ['--rpc', `http://u:secret@127.0.0.1:${paid.port}`]), told()).toBe(0);
    expect(seen[0]).toBe(`Basic ${btoa('u:secret')}`);
    expect(told()).not.toContain('secret');
    expect(await verify(stamp, ['--rpc', `http://u:100%@127.0.0.1:${paid.port}`]), told()).toBe(0);
    expect(seen.at(-1)).toBe(`Basic ${btoa('u:100%')}`);
  });
});

describe('where the bundle comes from', () => {
  const link = (port: number, path = `/01/${gtin14}/21/${serial}`) => `http://127.0.0.1:${port}${path}`;
  const api = `/api/proofs/stamps/${gtin14}/${serial}`;

  it("takes no lot's proof, and no other stamp's, for that of the stamp that the link names", async () => {
    expect(await verify(link(await site({ [api]: stamp }))), told()).toBe(0);
    expect(await verify(link(await site({ [api]: ofLot }))), told()).toBe(65);
    expect(told()).toContain('the proof of a lot');
    const other = '00000100001WF7CHJ0NB';
    const wrong = await site({ [api.replace(serial, other)]: stamp });
    expect(await verify(link(wrong, `/01/${gtin14}/21/${other}`))).toBe(20);
    expect(await verify(link(wrong, api.replace(serial, other))), "the bundle's own address").toBe(20);
  });

  it('says that nobody has said what is in the hand when only the address of some file was given', async () => {
    expect(await verify(link(await site({ '/proof.json': stamp }), '/proof.json'))).toBe(0);
    expect(told()).toContain('Nobody has said what is printed');
    expect(told()).not.toContain('The proof is about the stamp in the hand.');
  });

  it('counts the host that the link was sent on to among those who made the proof', async () => {
    const behind = await site({ [api]: stamp });
    const front = await site({ [api]: `http://localhost:${behind}${api}` });
    expect(await verify(link(front), ['--rpc', url]), told()).toBe(0);
    const proofAndChain = await serve((request, response, body) => {
      if (request.method === 'GET') response.end(JSON.stringify(stamp));
      else {
        const { method, params } = JSON.parse(body);
        response.end(JSON.stringify({ id: 1, result: honest(stamp.anchor.root)(method, params) }));
      }
    });
    others.push(proofAndChain);
    const both = `http://127.0.0.1:${proofAndChain.port}`;
    const door = await site({ [api]: `${both}${api}` });
    expect(await verify(link(door), ['--rpc', both]), told()).toBe(33);
  });

  it.each<[string, string]>([
    ['a link that is cut off in the middle of a letter', `/01/${gtin14}/21/%E1%BB`],
    ['an address where nothing is', '/nothing'],
  ])('says what is wrong: %s', async (_, path) => {
    expect(await verify(link(await site({}), path)), told()).toBe(65);
    expect(told()).not.toMatch(/URI malformed|\n\s+at /);
  });

  it('says that a server is down without calling that wrong usage', async () => {
    expect(await verify('http://127.0.0.1:9/01/08936000000011/21/X')).toBe(65);
    expect(told()).toContain('Try again');
  });
});

describe('what a bundle says', () => {
  it('cannot write on the screen in our name', async () => {
    const productName = 'Xoài\n  GENUINE: It stands for good\u001b[2J\u009b1m\u202e';
    expect(await verify({ ...stamp, lot: { ...stamp.lot, productName } })).toBe(20);
    expect(lines.join('')).not.toMatch(COMMANDS);
    expect(told()).toContain('Xoài\\u000a');
    lines = [];
    await verify(stamp, ['--json', '--rpc', await node(() => new RangeError('\u009b2J\u202e no'))]);
    expect(JSON.parse(lines[0] ?? '').endpoints[0].outcome).toContain('\u009b2J\u202e no');
    expect(lines.join('')).not.toMatch(COMMANDS);
  });

  it('is refused when it says one thing twice, which another program may read the other way', async () => {
    const text = JSON.stringify(stamp).replace('"quantityKg":800', '"quantityKg":900,"quantity\\u004bg":800');
    expect(await verify(text)).toBe(65);
    expect(told()).toContain('"quantityKg" stands twice');
    expect(
      await verify(`\ufeff${JSON.stringify(stamp)}`),
      'with the mark that some editors put in front',
    ).toBe(0);
  });

  it('may be as long as it likes, and is read to no end', async () => {
    const withText = (text: string) => JSON.stringify({ ...ofLot, lot: { ...ofLot.lot, season: { text } } });
    expect(await verify(withText('\n'.repeat(2_000_000))), 'another season').toBe(20);
    expect(await verify(withText('n'.repeat(6_000_000)))).toBe(65);
    expect(told()).toContain('more than 5000000 bytes');
    expect(await verify(`${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}`)).toBe(65);
  });

  it('is told from others by its lot however the letters are composed', async () => {
    expect(await verify(ofLot, ['--lot', 'Lô 261123-1'.normalize('NFD')])).toBe(0);
    expect(await verify(ofLot, ['--lot', 'Lô 261123-2'])).toBe(20);
  });

  it('gives a reason in JSON too, when there is nothing to judge', async () => {
    expect(await verify('{', ['--json'])).toBe(65);
    expect(JSON.parse(told())).toMatchObject({ verdict: null, problem: 'no_bundle' });
    lines = [];
    expect(await verify(stamp, ['--json', '--stamp', 'x'])).toBe(64);
    expect(JSON.parse(told())).toMatchObject({ verdict: null, problem: 'wrong_usage' });
  });
});

it.each<[string, object]>([
  ['an alliance that is no address', { alliance: '0x12' }],
  ['an address where a host is expected', { operatorHosts: ['https://rpc.example.vn/'] }],
  ['hosts that are no list', { operatorHosts: 'example.vn' }],
])('trusts no file in part: %s', async (_, changed) => {
  expect(await verify(stamp, [], { ...trust, ...changed }), told()).toBe(64);
  expect(told()).toContain('is no deployment');
});

it('tells how it is used, without calling the question wrong', async () => {
  expect(await verify(stamp, ['--help'])).toBe(0);
  expect(lines[0]).toContain('Usage: npm run nongtin -- verify');
});
