import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCodecs } from './codecs.suite.ts';

/** Of our own making, in the manner of a soil probe: battery mV, soil temperature, moisture, conductivity. */
const HONEST = `
var seen = 0;
function decodeUplink(input) {
  var b = input.bytes;
  seen += 1;
  return { data: { first: b[0], port: input.fPort, at: input.recvTime.toISOString(), seen: seen } };
}`;
const body = (text: string) => `function decodeUplink(input) { ${text} }`;

let farm: ReturnType<typeof testCodecs>;
beforeAll(() => {
  farm = testCodecs({ honest: HONEST });
});
afterAll(() => farm.close());

let count = 0;
/** Decodes with a script that nobody has used before, for a device of its own. */
async function decodeWith(script: string, bytes?: readonly number[]) {
  count += 1;
  farm.drop(`s${count}.js`, script);
  return farm.decode(`s${count}`, bytes, `d${count}`);
}

describe('an honest codec', () => {
  it('gets bytes, port and time, and finds its world new at each call', async () => {
    const answer = {
      codec: 'honest.js',
      data: { first: 7, port: 2, at: '2026-11-21T10:00:00.000Z', seen: 1 },
      warnings: [],
    };
    expect(await farm.decode('honest', [7])).toEqual(answer);
    expect(await farm.decode('honest', [7])).toEqual(answer);
  });

  it.each([
    ['a constant', 'const decodeUplink = ({ bytes }) => ({ data: { n: bytes.length } });'],
    ['module.exports', 'module.exports = { decodeUplink: (i) => ({ data: { n: i.bytes.length } }) };'],
    ['exports', 'exports.decodeUplink = function (i) { return { data: { n: i.bytes.length } }; };'],
    [
      'the older Decode',
      'function Decode(fPort, bytes, variables) { return { n: bytes.length, p: fPort }; }',
    ],
    ['the older Decoder', 'function Decoder(bytes, port) { return { n: bytes.length, p: port }; }'],
    ['undeclared variables', `${body('n = input.bytes.length; console.log(n); return { data: { n: n } };')}`],
  ])('may be written with %s', async (_way, script) => {
    expect(await decodeWith(script)).toMatchObject({ data: { n: 3 } });
  });

  it('gives its warnings, and what it normalizes', async () => {
    const script = `${body('return { data: { t: 20.5 }, warnings: ["battery low"] };')}
      function normalizeUplink(input) { return { data: { air: { temperature: input.data.t } } }; }`;
    expect(await decodeWith(script)).toMatchObject({
      data: { t: 20.5 },
      normalized: { air: { temperature: 20.5 } },
      warnings: ['battery low'],
    });
    const broken = `${body('return { data: { t: 1 } };')} function normalizeUplink(i) { return i.a.b; }`;
    expect(await decodeWith(broken)).toMatchObject({
      data: { t: 1 },
      warnings: [expect.stringContaining('normalizeUplink: line 1: TypeError')],
    });
  });

  it('encodes a command', async () => {
    farm.drop(
      'valve.js',
      'function encodeDownlink(i) { return { bytes: [i.data.open ? 1 : 0, 60], fPort: 10 }; }',
    );
    expect(await farm.encode('valve', { open: true })).toEqual({ bytes: Uint8Array.of(1, 60), fPort: 10 });
    farm.drop('old.js', 'function Encoder(data, port) { return [port, data.seconds]; }');
    expect(await farm.encode('old', { seconds: 5 })).toEqual({ bytes: Uint8Array.of(1, 5), fPort: 1 });
    for (const bytes of [
      '[256]',
      '[-1]',
      '[1.5]',
      '["1"]',
      '[]',
      'new Array(300).fill(1)',
      'null',
      '{ length: 1 }',
    ]) {
      farm.drop('bad.js', `function encodeDownlink() { return { bytes: ${bytes}, fPort: 1 }; }`);
      expect(await farm.encode('bad', {})).toMatchObject({ problem: expect.stringContaining("'bytes'") });
    }
    farm.drop('port.js', 'function encodeDownlink() { return { bytes: [1], fPort: 0 }; }');
    expect(await farm.encode('port', {})).toMatchObject({ problem: expect.stringContaining("'fPort'") });
    expect(await farm.encode('honest', {})).toMatchObject({
      problem: expect.stringContaining('encodeDownlink'),
    });
  });

  it('turns what JSON cannot hold into what it can', async () => {
    const script = body(
      'return { data: { a: NaN, b: -Infinity, c: 10n, d: Symbol("x"), e: () => 1, f: undefined, g: { get h() { return 5; } } } };',
    );
    expect(await decodeWith(script)).toMatchObject({ data: { a: null, b: null, c: 10, g: { h: 5 } } });
  });
});

describe('a script that is wrong', () => {
  it.each([
    [
      'does not parse',
      'function decodeUplink(input) {\n  return {\n}',
      /the script does not run: line \d: SyntaxError/,
    ],
    ['has no such function', 'var x = 1;', /no function decodeUplink/],
    ['throws', body('\n\nreturn input.nothing.more;'), /it failed: line 3: TypeError/],
    ['says so itself', body('return { errors: ["unknown FPort"] };'), /it says: unknown FPort/],
    ['returns nothing', body(''), /returned undefined/],
    ['returns a list', body('return [1];'), /returned an array/],
    ['returns no data', body('return { warnings: [] };'), /no data/],
    ['returns a promise', `async ${body('return { data: {} };')}`, /promise/],
    ['returns a cycle', body('var o = {}; o.o = o; return { data: o };'), /circular/],
    [
      'imports',
      `import fs from 'node:fs';\n${body('return { data: {} };')}`,
      /the script does not run: .*import and export are not taken/,
    ],
    ['exports as a module does', `export ${body('return { data: {} };')}`, /import and export are not taken/],
    ['requires', body("return { data: require('fs').readdirSync('/') };"), /'require' is not defined/],
    ['imports later', body("return import('node:fs');"), /promise/],
    [
      'throws what is no error',
      body('throw { toString() { for (;;); } };'),
      /it failed: an object that is no error/,
    ],
    ['throws something odd', body('throw { get message() { throw 1; } };'), /cannot be shown|it failed/],
  ])('is refused with a clear error when it %s', async (_what, script, expected) => {
    const answer = await decodeWith(script);
    expect(answer).toMatchObject({ problem: expect.stringMatching(expected) });
    expect(answer).toMatchObject({
      problem: expect.stringMatching(/codec s\d+\.js, device 'd\d+'.*Correct or replace/s),
    });
  });
});

const LOOP = 'for (;;) {}';
const BOMB = 'for (var all = [];;) all.push([1, 2, 3]);';

/** Each is refused, and an honest codec answers right after it. */
describe('a hostile script', () => {
  it.each<[string, string, RegExp]>([
    ['an endless loop', body(LOOP), /100 ms/],
    ['an endless loop while loading', LOOP, /300 ms/],
    [
      'a loop that catches',
      body(`for (;;) { try { ${LOOP} } catch (e) {} finally { continue; } }`),
      /100 ms/,
    ],
    ['a loop in a getter of the answer', body(`return { data: { get a() { ${LOOP} } } };`), /100 ms/],
    ['a loop in toJSON', body(`return { data: { toJSON() { ${LOOP} } } };`), /100 ms/],
    ['a loop in a Proxy', body(`return { data: new Proxy({}, { ownKeys() { ${LOOP} } }) };`), /100 ms/],
    ['a loop in a sort', body(`[2, 1].sort(() => { ${LOOP} });`), /100 ms/],
    ['a loop in a generator', body('function* g() { for (;;) yield 1; } for (const x of g()) ;'), /100 ms/],
    ['a loop in the message of an error', body(`throw { get name() { ${LOOP} } };`), /100 ms/],
    [
      'a loop in normalizeUplink',
      `${body('return { data: {} };')} function normalizeUplink() { ${LOOP} }`,
      /100 ms/,
    ],
    ['a regular expression that explodes', body('/^(a+)+$/.test("a".repeat(50) + "b");'), /100 ms/],
    ['a loop that cannot be interrupted', body('[].indexOf.call({ length: 2 ** 53 - 1 }, 1);'), /2000 ms/],
    [
      'a search that cannot be interrupted',
      body('var a = "a".repeat(2e6); a.indexOf(a.slice(1e6) + "b");'),
      /ms/,
    ],
    ['a search that ends too late', body('[].indexOf.call({ length: 2e7 }, 1); return { data: {} };'), / ms/],
    ['a growing array', body(BOMB), /8 MiB|100 ms/],
    ['a growing string', body('for (var s = "x";; ) s += s;'), /8 MiB/],
    ['a large buffer', body('new ArrayBuffer(1 << 30);'), /8 MiB|it failed/],
    ['many buffers', body('for (var a = [];;) a.push(new ArrayBuffer(1 << 16));'), /8 MiB/],
    ['a huge number', body('return { data: { n: (3n ** 100000000n) } };'), /ms|8 MiB|it failed/],
    ['endless recursion', body('return decodeUplink(input);'), /stack overflow|ended/],
    [
      'recursion in a getter',
      body('return { data: { get a() { return this.a; } } };'),
      /stack overflow|ended/,
    ],
    ['a deep JSON text', body('return { data: JSON.parse("[".repeat(1e6)) };'), /it failed|ended/],
    ['a deep answer', body('for (var o = {}, i = 0; i < 2e4; i++) o = { o }; return { data: o };'), /./],
    ['deep parentheses', body('eval("(".repeat(1e6));'), /it failed|ended/],
    ['deep chains of proxies', body('for (var p = {}, i = 0; i < 2e4; i++) p = new Proxy(p, {}); p.x;'), /./],
    ['an answer of 10 MB', body('return { data: { x: "x".repeat(10e6) } };'), /8 MiB/],
    ['an answer of 1 MB', body('return { data: { x: "x".repeat(1e6) } };'), /at most 65536/],
    ['an answer of many fields', body('return { data: new Array(1e5).fill(1) };'), /at most 65536/],
    [
      'the way to the host',
      body('return { data: input.constructor.constructor("return process")().env };'),
      /process/,
    ],
    ['an error of many words', body('throw new Error("x".repeat(1e6));'), /it failed/],
    [
      'a poisoned JSON',
      body('JSON.stringify = () => { throw 1 }; Object.prototype.toJSON = () => 1; return { data: {} };'),
      /no object/,
    ],
  ])('%s is refused, and others are unharmed', async (_what, script, expected) => {
    const [refused, honest] = await Promise.all([decodeWith(script), farm.decode('honest', [9])]);
    expect(refused).toMatchObject({ problem: expect.stringMatching(expected) });
    expect(honest).toMatchObject({ data: { first: 9, seen: 1 } });
  });

  it('finds nothing of the host', async () => {
    const names = [
      'process',
      'require',
      'fetch',
      'WebAssembly',
      'setTimeout',
      'Buffer',
      'std',
      'os',
      'Worker',
      'performance',
    ];
    const script = body(
      `return { data: [${names.map((name) => `typeof ${name}`)}, typeof globalThis.process] };`,
    );
    expect(await decodeWith(script)).toMatchObject({ data: Array(names.length + 1).fill('undefined') });
  });

  it('changes nothing for others, nor for its own next call, nor for us', async () => {
    const poison = `
      var calls = (globalThis.calls ?? 0) + 1;
      var hoard = new Uint8Array(200000);
      ${body(`
        calls += 1; hoard[100000] += 1;
        Object.prototype.polluted = calls; Array.prototype.slice = null; String.prototype.match = null; JSON.parse = null;
        input.__proto__.bytes = 1;
        return { data: { calls, hoard: hoard[100000], ['__proto__']: 2, constructor: 3, toString: 4 } };`)}`;
    farm.drop('poison.js', poison);
    for (const round of [1, 2, 3]) {
      const answer = await farm.decode('poison', [round]);
      expect(answer).toMatchObject({ data: { calls: 2, hoard: 1, constructor: 3, toString: 4 } });
    }
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(
      await decodeWith(body('return { data: { p: typeof ({}).polluted, s: typeof [].slice } };')),
    ).toMatchObject({
      data: { p: 'undefined', s: 'function' },
    });
  });

  it('is set aside after some calls that ended badly, for its device and then for all, each time for longer', async () => {
    farm.drop('moody.js', body('if (input.bytes[0]) for (;;) {} return { data: { ok: 1 } };'));
    const run = (device: string, byte: number) => farm.decode('moody', [byte], device);
    const setAside = (seconds: number) => ({
      problem: expect.stringMatching(
        new RegExp(`set aside .*100 ms.* in ${seconds} s, or at once when its file changes.*moody.js`),
      ),
    });
    for (const _ of [1, 2, 3])
      expect(await run('bad', 1)).toMatchObject({ problem: expect.stringContaining('100 ms') });
    expect(await run('bad', 0)).toMatchObject(setAside(60));
    expect(await run('good', 0)).toMatchObject({ data: { ok: 1 } });
    for (const device of ['e', 'f', 'g']) await run(device, 1);
    expect(await run('good', 0)).toMatchObject(setAside(60));
    farm.pass(60_000);
    expect(await run('good', 0)).toMatchObject({ data: { ok: 1 } });
    expect(await run('bad', 0)).toMatchObject({ data: { ok: 1 } });
    await run('h', 1);
    await run('h', 1);
    expect(await run('good', 0)).toMatchObject(setAside(120));
    farm.drop('moody.js', body('return { data: { ok: 2 } };'));
    expect(await run('good', 0)).toMatchObject({ data: { ok: 2 } });
  });

  it('costs others no more than one call at a time, however many of its messages wait', async () => {
    farm.drop('flood.js', body(LOOP));
    const order: string[] = [];
    const flood = Array.from({ length: 300 }, async (_, n) => {
      const answer = await farm.decode('flood', [1], `f${n}`);
      order.push('problem' in answer && answer.problem.includes('set aside') ? 'set aside' : 'stopped');
    });
    const honest = farm.decode('honest', [1]).then((answer) => {
      expect(answer).toMatchObject({ data: { first: 1 } });
      order.push('honest');
    });
    await Promise.all([...flood, honest]);
    expect(order.indexOf('honest')).toBeLessThanOrEqual(2);
    expect(order.filter((what) => what === 'stopped')).toHaveLength(4);
    expect(await farm.decode('flood', [1], 'later')).toMatchObject({
      problem: expect.stringContaining('set aside'),
    });
  });
});

describe('the folder', () => {
  it('is read again when a file comes or changes', async () => {
    expect(await farm.decode('fresh')).toMatchObject({ problem: expect.stringContaining('has no codec') });
    farm.drop('fresh.js', body('return { data: { v: 1 } };'));
    expect(await farm.decode('fresh')).toMatchObject({ data: { v: 1 } });
    farm.drop('fresh.js', body('return { data: { v: 2 } };'));
    expect(await farm.decode('fresh')).toMatchObject({ data: { v: 2 } });
  });

  it('finds the file by the first name that has one, however it is written', async () => {
    farm.drop('Dragino LSE01 (AS923).js', body('return { data: { v: "profile" } };'));
    farm.drop('Đầu dò đất.js', body('return { data: { v: "tên" } };'));
    const decode = (...names: string[]) =>
      farm.codecs.decode({ name: 'd', names }, { bytes: Uint8Array.of(1), fPort: 1, receivedAtMs: 0 });
    expect(await decode('0011223344556677', 'dragino-lse01-as923')).toMatchObject({ data: { v: 'profile' } });
    expect(await decode('đầu dò đất', 'dragino-lse01-as923')).toMatchObject({ data: { v: 'tên' } });
    farm.drop('codecs.json', JSON.stringify({ '0011223344556677': 'honest', '../x': 'honest.js' }));
    expect(await decode('0011223344556677', 'dragino-lse01-as923')).toMatchObject({ codec: 'honest.js' });
    for (const text of ['[', '[]', '{"a":"../../etc/passwd"}', '{"a":7}', 'null']) {
      farm.drop('codecs.json', text);
      expect(await decode('0011223344556677')).toMatchObject({
        problem: expect.stringContaining('has no codec'),
      });
    }
    farm.drop('codecs.json', '{"a":"gone.js"}');
    expect(await decode('a')).toMatchObject({ problem: expect.stringContaining('cannot be read') });
    farm.drop('huge.js', ' '.repeat(300_000));
    expect(await decode('huge')).toMatchObject({ problem: expect.stringContaining('KiB') });
    farm.drop('codecs.json', '{}');
  });
});

describe('the sandbox', () => {
  it('answers whatever script and bytes come', async () => {
    const word = fc.constantFrom(
      ...[
        'input',
        'bytes',
        'return',
        'data',
        '{',
        '}',
        '(',
        ')',
        '[',
        ']',
        ';',
        '=',
        'for',
        'while',
        'this',
        '__proto__',
      ],
      ...[
        'constructor',
        'function',
        '=>',
        '.',
        ',',
        '1',
        '"x"',
        '`',
        '/',
        '+',
        'throw',
        'new',
        'Array',
        'eval',
        'async',
        '\\u0000',
      ],
    );
    const script = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(word, { maxLength: 30 }).map((words) => body(words.join(' '))),
      fc.json().map((json) => body(`return { data: ${json} };`)),
    );
    await fc.assert(
      fc.asyncProperty(script, fc.uint8Array({ maxLength: 60 }), async (text, bytes) => {
        const answer = await decodeWith(text, [...bytes]);
        expect('problem' in answer ? answer.problem.length < 800 : 'data' in answer).toBe(true);
      }),
      { numRuns: 150 },
    );
    expect(await farm.decode('honest', [5])).toMatchObject({ data: { first: 5 } });
  }, 120_000);
});
