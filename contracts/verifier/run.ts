import { explainProblem, printable, StartProblem } from '@nongtin/service';
import { jsonRpc } from '../chain/json-rpc.ts';
import {
  BundleProblem,
  type BundleStep,
  checkBundle,
  checkLotBundle,
  type Endpoint,
  isSameText,
  type LotBundle,
  type ProofBundle,
  parseBundle,
  parseLotBundle,
  type Verdict,
  type Verified,
  verifyOnChain,
} from '../encoding/index.ts';
import { isWeb, readArguments, stampOfLink, USAGE, type VerifyArguments } from './arguments.ts';
import { NoBundle, readSource } from './source.ts';
import { readTrust, type Trusted } from './trust.ts';

/** What the command stands on. */
export interface VerifierPlace {
  /** The folder in which the person stands. */
  readonly from: string;
  /** Of the checkout: contracts/deployments. */
  readonly deployments: string;
  readonly dataDir: string;
  /** How long an endpoint may take over one answer; default 15 s. */
  readonly rpcTimeoutMs?: number;
  readonly say: (line: string) => void;
}

const EMBEDDED_CHAIN_ID = 31_337;
const EMBEDDED_RPC = 'http://localhost:8545';
const RPC_TIMEOUT_MS = 15_000;
/** The longest true answer is a block with the hashes of its transactions: some 100 KB. */
const MOST_RPC_BYTES = 5_000_000;

const exitCodes: Readonly<Record<Verdict, number>> = {
  genuine: 0,
  not_yet_final: 10,
  proof_broken: 20,
  revoked: 21,
  unknown_issuer: 22,
  unsigned: 23,
  key_invalid: 23,
  root_missing: 24,
  cannot_check: 30,
  endpoints_disagree: 31,
  wrong_chain: 32,
  operators_word: 33,
};
const WRONG_USAGE = 64;
const NO_BUNDLE = 65;

/**
 * Runs `verify …`; gives the exit code. The bundle is fetched at most; after that only the chain is asked.
 *
 *   bundle ─ parse ─► checked by computing alone ─► pins (never from the bundle) ─► every endpoint at one block ─► verdict
 */
export async function runVerify(args: readonly string[], place: VerifierPlace): Promise<number> {
  // Everything that is said may hold words of others: of the bundle, of endpoints, of a server.
  const say = (line: string) => place.say(printable(line));
  if (args.includes('--help') || args.includes('-h')) {
    for (const line of USAGE.split('\n')) say(line);
    return 0;
  }
  const refuse = (problem: 'no_bundle' | 'wrong_usage', message: string) => {
    if (args.includes('--json')) say(JSON.stringify({ verdict: null, problem, message }));
    else for (const line of message.split('\n')) say(line);
    return problem === 'no_bundle' ? NO_BUNDLE : WRONG_USAGE;
  };
  try {
    return await verify(readArguments(args, place.from), { ...place, say });
  } catch (caught) {
    if (caught instanceof NoBundle || caught instanceof BundleProblem)
      return refuse('no_bundle', caught.message);
    const problem = explainProblem(caught);
    if (!(problem instanceof StartProblem)) throw problem;
    return refuse('wrong_usage', problem.message);
  }
}

async function verify(given: VerifyArguments, place: VerifierPlace): Promise<number> {
  const { value, from } = await readSource(given.source);
  const bundle = parse(value);
  const printed = given.stamp ?? (isWeb(given.source) ? stampOfLink(given.source) : undefined);
  const steps = checked(bundle, given, printed);
  const { trusted, verified } = await judged(bundle, steps, { given, place, from });
  const { verdict, why } = verified;
  if (given.isJson)
    place.say(JSON.stringify({ ...about(bundle), ...verified, steps, trust: trusted?.file ?? null }));
  else {
    const isHeld = !('stamp' in bundle) || printed !== undefined;
    for (const line of report(bundle, steps, verified, { trusted, isHeld })) place.say(line);
    place.say(`${headings[verdict]}: ${why}`);
  }
  return exitCodes[verdict];
}

function parse(value: unknown): ProofBundle | LotBundle {
  const format = (value as { format?: unknown } | null)?.format;
  return typeof format === 'string' && format.startsWith('nongtin-lot-proof/')
    ? parseLotBundle(value)
    : parseBundle(value);
}

/** By computing alone; held against what the person has in the hand, where they say it: `printed`. */
function checked(
  bundle: ProofBundle | LotBundle,
  given: VerifyArguments,
  printed: VerifyArguments['stamp'],
): BundleStep[] {
  if (!('stamp' in bundle)) {
    if (given.stamp !== undefined)
      throw new StartProblem('This is the proof of a lot: --stamp says nothing about it.');
    if (printed !== undefined)
      throw new NoBundle(`${given.source} is of a stamp, and what is there is the proof of a lot.`);
    return checkLotBundle(bundle, given.lot);
  }
  const all = checkBundle(bundle, printed ?? bundle.stamp);
  // Held against itself it says nothing: a step that nobody has made is not told as made.
  const steps = printed === undefined ? all.filter(({ step }) => step !== 'serial') : all;
  if (given.lot === undefined || isSameText(given.lot, bundle.lot.lotNumber)) return steps;
  return steps.map((step) => (step.step === 'lot' ? { ...step, ok: false } : step));
}

async function judged(
  bundle: ProofBundle | LotBundle,
  steps: readonly BundleStep[],
  { given, place, from }: { given: VerifyArguments; place: VerifierPlace; from: readonly string[] },
): Promise<{ trusted?: Trusted; verified: Verified }> {
  const without = (verdict: Verdict, why: string) => ({ verified: { verdict, why, endpoints: [] } });
  const broken = steps.find(({ ok }) => !ok);
  if (broken !== undefined) return without('proof_broken', `${sentences[broken.step]} That does not hold.`);
  const { anchor } = bundle;
  const { trust: named, rpcUrls } = given;
  const trusted = readTrust(anchor, { ...place, ...(named === undefined ? {} : { named }) });
  if (trusted === undefined)
    return without(
      'unknown_issuer',
      `Nothing is known of chain ${anchor.chainId}: give --trust FILE, from somebody whom you trust.`,
    );
  // Where it is looked up: not always the chain that the bundle names.
  const { chainId } = trusted.pins;
  const urls = rpcUrls.length > 0 ? rpcUrls : chainId === EMBEDDED_CHAIN_ID ? [EMBEDDED_RPC] : [];
  if (urls.length === 0)
    throw new StartProblem(
      `Which endpoint of chain ${chainId}? Give --rpc URL, better two of different people.`,
    );
  // One endpoint in two spellings is one.
  const distinct = [...new Set(urls.map((url) => new URL(url).href))];
  const theirs = [...trusted.operatorHosts, ...from.filter((url) => !isThisMachine(url)).map(hostOf)];
  const doors = from.map((url) => new URL(url).host);
  const endpoints = distinct.map((url) => ({
    ...witness(url, theirs, doors),
    rpc: jsonRpc(url, place.rpcTimeoutMs ?? RPC_TIMEOUT_MS, MOST_RPC_BYTES),
  }));
  return { trusted, verified: await verifyOnChain(bundle, { pins: trusted.pins, endpoints }) };
}

/**
 * `theirs`: hosts of whoever made the proof, by what we trust or because it was fetched there; they, and all below and above
 * them, add nothing to its word. `doors`: hosts with ports that were fetched from.
 */
function witness(url: string, theirs: readonly string[], doors: readonly string[]): Omit<Endpoint, 'rpc'> {
  // Keys of paid endpoints stand in the path, and before the @: they are not shown.
  const { host: name } = new URL(url);
  const isOperators =
    doors.includes(name) || theirs.some((host) => isRelated(hostOf(url), hostOf(`http://${host}`)));
  return { name, isOperators };
}

function isRelated(one: string, other: string): boolean {
  if (isLoopback(one) && isLoopback(other)) return true;
  return one === other || one.endsWith(`.${other}`) || (other.endsWith(`.${one}`) && one.includes('.'));
}

/** Without port, and without the dot that may end a name. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/\.$/, '');
}

/** It is the person's own, but for the server that the bundle came from. */
function isThisMachine(url: string): boolean {
  return isLoopback(hostOf(url));
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}

function about(bundle: ProofBundle | LotBundle) {
  const { lotNumber, gtin14 } = bundle.lot;
  return 'stamp' in bundle ? { gtin14, lotNumber, serial: bundle.stamp.serial } : { gtin14, lotNumber };
}

function report(
  bundle: ProofBundle | LotBundle,
  steps: readonly BundleStep[],
  { blockNumber, observation, endpoints, anchoredFirst }: Verified,
  { trusted, isHeld }: { trusted: Trusted | undefined; isHeld: boolean },
): string[] {
  const { lot, anchor } = bundle;
  const what = 'stamp' in bundle ? `Stamp ${bundle.stamp.gtin14}/${bundle.stamp.serial}, ` : '';
  const anchored = observation?.anchor.kind === 'anchored' ? observation.anchor : undefined;
  const standing =
    observation?.cooperative.kind === 'cooperative' ? observation.cooperative.standing : undefined;
  return [
    `${what}${what === '' ? 'Lot' : 'lot'} ${lot.lotNumber}: ${lot.productName}, ${lot.quantityKg} kg of ${lot.plot.name}, harvested ${day(lot.harvestedAtMs)}`,
    ...(isHeld ? [] : ['  ?  Nobody has said what is printed on the stamp in the hand: --stamp GTIN/SERIAL']),
    ...steps.map(({ step, ok }) => `  ${ok ? '✓' : '✗'}  ${sentences[step]}`),
    ...(trusted === undefined ? [] : [`  trusted: ${trusted.file}, chain ${trusted.pins.chainId}`]),
    ...(trusted?.pins.chainId === EMBEDDED_CHAIN_ID
      ? ['  !  A chain for trying out, on one machine: it proves nothing to others.']
      : []),
    ...endpoints.map(
      ({ name, isOperators: theirs, outcome }) =>
        `  asked: ${name}${theirs ? ' (of whoever made the proof)' : ''}: ${outcome}`,
    ),
    ...(anchored === undefined || blockNumber === undefined
      ? []
      : [
          `  root ${anchor.root} stands since ${new Date(anchored.anchoredAtMs).toISOString()}, read at block ${blockNumber}`,
        ]),
    ...(trusted === undefined || anchoredFirst === undefined
      ? otherBlock(anchor.blockNumber, anchored?.blockNumber)
      : movedLines(anchoredFirst, trusted)),
    ...(standing === 'suspended' ? ['  !  The alliance has suspended this cooperative.'] : []),
    ...(bundle.signature === undefined ? [] : [`  signed by ${bundle.signature.address}`]),
  ];
}

function otherBlock(said: number | null, found: number | undefined): string[] {
  if (said === null || found === undefined || said === found) return [];
  return [`  ?  The proof says block ${said}, the chain ${found}: the chain's word counts.`];
}

/** What a person has to know of a proof whose chain was left. */
function movedLines(first: NonNullable<Verified['anchoredFirst']>, { file, pins }: Trusted): string[] {
  return [
    `  !  It was anchored first on chain ${first.chainId}, in ${first.contract}. By ${file} the deployment on chain`,
    `     ${pins.chainId}, ${pins.anchorRegistry}, takes its place. The time that can be checked is that of the anchor there,`,
    '     which is later than the first.',
  ];
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

const sentences: Readonly<Record<BundleStep['step'], string>> = {
  serial: 'The proof is about the stamp in the hand.',
  stampLeaf: 'The stamp is one of its batch, by number, product and place.',
  stampPath: 'Its path leads to the root of the batch.',
  lot: 'The batch names exactly this lot.',
  batchLeaf: 'Batch and lot agree on cooperative, number and product.',
  batchPath: "The batch's path leads to the anchored root.",
  lotLeaf: 'The proof is about this lot.',
  lotPath: "The lot's path leads to the anchored root.",
  signature: 'Whoever is named has signed it.',
};

const headings: Readonly<Record<Verdict, string>> = {
  genuine: 'GENUINE',
  operators_word: 'NOT PROVEN',
  not_yet_final: 'NOT FINAL YET',
  unsigned: 'NOT SIGNED',
  key_invalid: 'KEY NOT VALID',
  revoked: 'WITHDRAWN',
  root_missing: 'NOT ON THE CHAIN',
  unknown_issuer: 'UNKNOWN ISSUER',
  endpoints_disagree: 'ENDPOINTS DISAGREE',
  wrong_chain: 'WRONG CHAIN',
  proof_broken: 'PROOF BROKEN',
  cannot_check: 'COULD NOT BE CHECKED',
};
