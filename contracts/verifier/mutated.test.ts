import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LotBundle, type ProofBundle, verifyOnChain } from '../encoding/index.ts';
import { endpoint, honest, proofs, trust } from './fake-node.suite.ts';
import { runVerify } from './run.ts';

/** NONGTIN_BUNDLE_RUNS: as many as somebody has time for, of another seed each time. */
const RUNS = Number(process.env.NONGTIN_BUNDLE_RUNS ?? 250);
const EXIT_CODES = [0, 10, 20, 21, 22, 23, 24, 65];

const folder = mkdtempSync(join(tmpdir(), 'nongtin-mutated-'));
let bundles: (ProofBundle | LotBundle)[];
let node: { port: number; close(): void };

beforeAll(async () => {
  const { stamp, ofLot } = await proofs();
  bundles = [stamp, ofLot];
  node = await endpoint(stamp.anchor.root);
  writeFileSync(join(folder, 'trust.json'), JSON.stringify(trust));
});
afterAll(() => {
  node.close();
  rmSync(folder, { recursive: true, force: true });
});

function verify(text: string): Promise<number> {
  writeFileSync(join(folder, 'bundle.json'), text);
  const args = ['bundle.json', '--trust', 'trust.json', '--rpc', `http://127.0.0.1:${node.port}`];
  return runVerify(args, { from: folder, deployments: folder, dataDir: folder, say: () => {} });
}

interface Mutation {
  /** Which of all places of the bundle, counted round. */
  readonly place: number;
  readonly how: 'replace' | 'digit' | 'case' | 'remove' | 'twin' | 'more' | 'add' | 'space';
  readonly value: unknown;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat(),
  how: fc.constantFrom('replace', 'digit', 'case', 'remove', 'twin', 'more', 'add', 'space'),
  value: fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(2 ** 53, -0, 1e-7, '__proto__', 'constructor', '0x', 'toString'),
  ),
});

type Holder = Record<string, unknown>;

/** Every place of a value: whose it is, and under which name. */
function placesOf(value: unknown, found: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const name of Object.keys(value)) {
    found.push([value as Holder, name]);
    placesOf((value as Holder)[name], found);
  }
  return found;
}

function mutate(bundle: Holder, { place, how, value }: Mutation): void {
  const places = placesOf(bundle);
  const [holder, name] = places[place % places.length] ?? [bundle, 'format'];
  const old = holder[name];
  if (how === 'remove' && Array.isArray(holder)) holder.splice(Number(name), 1);
  else if (how === 'remove') Reflect.deleteProperty(holder, name);
  else if (how === 'add') put(holder, String(value), value);
  else put(holder, name, changed(old, how, value, { place, bundle }));
}

/** An own field, also under a name that objects inherit. */
function put(holder: Holder, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

function changed(
  old: unknown,
  how: Mutation['how'],
  value: unknown,
  { place, bundle }: { place: number; bundle: Holder },
): unknown {
  if (how === 'twin') {
    const places = placesOf(bundle);
    const [holder = {}, name = ''] = places[(place >> 8) % places.length] ?? [];
    return structuredClone(holder[name]);
  }
  if (how === 'digit') return typeof old === 'number' ? old + 1 : withAnotherDigit(String(old), place);
  if (how === 'more') return Array.isArray(old) ? [...old, old[0] ?? `0x${'00'.repeat(32)}`] : [old];
  if (typeof old === 'string' && how === 'case') return swapCase(old);
  if (typeof old === 'string' && how === 'space') return `${old} `;
  return value;
}

function withAnotherDigit(text: string, place: number): string {
  const at = 2 + (place % Math.max(1, text.length - 2));
  return `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`;
}

function swapCase(text: string): string {
  const digits = text.replace(/^0x/, '');
  const swapped = digits === digits.toLowerCase() ? digits.toUpperCase() : digits.toLowerCase();
  return text.startsWith('0x') ? `0x${swapped}` : swapped;
}

/** What a bundle says: hex outside the records means bytes; which transaction and block it was is a hint for people. */
function meaning(bundle: Holder): unknown {
  const { lot, batch, stamp, anchor, ...rest } = bundle as unknown as ProofBundle;
  const { transactionHash: _, blockNumber: __, ...anchored } = anchor;
  return { lot, batch, stamp, bytes: JSON.parse(JSON.stringify([rest, anchored]).toLowerCase()) };
}

it('never calls a proof genuine that means anything else than the one that was given out, and always has a verdict', async () => {
  const seen = new Map<number, number>();
  const given = fc.tuple(fc.nat(1), fc.array(mutation, { minLength: 1, maxLength: 2 }));
  await fc.assert(
    fc.asyncProperty(given, async ([which, mutations]) => {
      const bundle = JSON.parse(JSON.stringify(bundles[which]));
      for (const one of mutations) mutate(bundle, one);
      const text = JSON.stringify(bundle);
      const code = await verify(text);
      seen.set(code, (seen.get(code) ?? 0) + 1);
      expect(EXIT_CODES).toContain(code);
      if (code === 0)
        expect(meaning(JSON.parse(text))).toEqual(meaning(JSON.parse(JSON.stringify(bundles[which]))));
    }),
    { numRuns: RUNS, ...(process.env.NONGTIN_BUNDLE_RUNS === undefined ? { seed: 7 } : {}) },
  );
  const told = [...seen].map(([code, count]) => `${code}: ${count}`).join(', ');
  process.stdout.write(`exit codes: ${told}\n`);
}, 600_000);

/** What a liar says to one question: by its number, instead of what would make the proof genuine. */
const lies = fc.array(
  fc.tuple(
    fc.nat(40),
    fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom('0x', '0x0', '0xffffffff', `0x${'0'.repeat(64)}`, `0x${'f'.repeat(64)}`, {
        number: '0x0',
      }),
      fc.constantFrom(new Error('no'), Object.assign(new Error('no'), { code: -32_000 })),
    ),
  ),
  { maxLength: 4 },
);

it('never calls genuine what an honest endpoint has not got, whatever another one says, and has a verdict for all of it', async () => {
  const [stamp] = bundles as [ProofBundle];
  const without = honest(`0x${'ee'.repeat(32)}`);
  const withIt = honest(stamp.anchor.root);
  const verdicts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(lies, fc.boolean(), async (said, isFirst) => {
      let asked = 0;
      const liar = async (method: string, params: readonly unknown[]) => {
        const lie = said.find(([number]) => number === asked)?.[1];
        asked += 1;
        if (lie instanceof Error) throw lie;
        return lie === undefined ? withIt(method, params) : lie;
      };
      const endpoints = [
        {
          name: 'honest',
          isOperators: false,
          rpc: async (...one: Parameters<typeof liar>) => without(...one),
        },
        { name: 'liar', isOperators: false, rpc: liar },
      ];
      const { verdict } = await verifyOnChain(stamp, {
        pins: trust,
        endpoints: isFirst ? endpoints.toReversed() : endpoints,
      });
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      expect(['genuine', 'operators_word', 'not_yet_final']).not.toContain(verdict);
    }),
    { numRuns: RUNS, ...(process.env.NONGTIN_BUNDLE_RUNS === undefined ? { seed: 7 } : {}) },
  );
  process.stdout.write(`${[...verdicts].map(([verdict, count]) => `${verdict}: ${count}`).join(', ')}\n`);
}, 600_000);
