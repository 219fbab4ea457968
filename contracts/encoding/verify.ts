import type { LotBundle, ProofBundle } from './bundle-format.ts';
import type { Hex } from './bytes.ts';
import { addressHash } from './cooperative-key.ts';
import { keyKinds } from './gateway-key.ts';
import { type Endpoint, type Observation, observe, type Pins } from './observe.ts';
import type { Rpc } from './read-contract.ts';
import { isKeyValidAt } from './read-registry.ts';

/**
 * What somebody who trusts nobody's server may say of a bundle that checks by itself (checkBundle):
 *
 * genuine: the root stands for good where the alliance's contracts are, the cooperative has signed with a key that counted
 * then, and nothing of it is revoked. operators_word: all of that, but nobody has been asked except whoever made the proof.
 * not_yet_final: the root stands, in a block that can still be undone. unsigned: it stands, and nobody has signed.
 * key_invalid: signed with a key that the cooperative had not, not yet or no longer, when it was anchored.
 * revoked: the batch, the lot or the stamp was withdrawn. root_missing: the contract does not know the root.
 * unknown_issuer: another chain or contract than the pinned one and those it succeeds, other code there, or a cooperative nobody
 * vouches for.
 * endpoints_disagree: two endpoints say different things of one block. wrong_chain: all endpoints are of another chain.
 * proof_broken: the tree has another size on the chain. cannot_check: no endpoint gives a usable answer.
 */
export type Verdict =
  | 'genuine'
  | 'operators_word'
  | 'not_yet_final'
  | 'unsigned'
  | 'key_invalid'
  | 'revoked'
  | 'root_missing'
  | 'unknown_issuer'
  | 'endpoints_disagree'
  | 'wrong_chain'
  | 'proof_broken'
  | 'cannot_check';

export interface Verified {
  readonly verdict: Verdict;
  /** What of it led to the verdict, in a sentence. */
  readonly why: string;
  /**
   * The bundle names this deployment, and the pins say that theirs takes its place: all else is of theirs, also the time, which is
   * that of the tree's anchor there and later than the first one's.
   */
  readonly anchoredFirst?: { readonly chainId: number; readonly contract: string };
  /** The block that everything was read at; undefined: none was agreed on. */
  readonly blockNumber?: number;
  /** What all endpoints that answered say. */
  readonly observation?: Observation;
  /** Each endpoint by its name, and what came of it. */
  readonly endpoints: readonly {
    readonly name: string;
    readonly isOperators: boolean;
    readonly outcome: string;
  }[];
}

interface Trust {
  readonly pins: Pins;
  readonly endpoints: readonly Endpoint[];
  /** Blocks behind the head that count as final where the chain does not know the tag `finalized`; default 12. */
  readonly confirmations?: number;
}

type Asked = Endpoint & { outcome: string };

const CONFIRMATIONS = 12;
const ANSWERED = 'answered';
const LIMIT_EXCEEDED = -32_005;
const TOO_MANY_REQUESTS = 429;

/** Never rejects: what could not be found out is a verdict too. */
export async function verifyOnChain(bundle: ProofBundle | LotBundle, trust: Trust): Promise<Verified> {
  const { pins } = trust;
  const { anchor } = bundle;
  const anchoredFirst = firstPlaceOf(anchor, pins);
  const asked: Asked[] = trust.endpoints.map((endpoint) => ({ ...endpoint, outcome: 'not asked' }));
  const say = (verdict: Verdict, why: string, more: Partial<Verified> = {}): Verified => ({
    ...{ verdict, why, ...more },
    ...(anchoredFirst && { anchoredFirst }),
    endpoints: asked.map(({ name, isOperators, outcome }) => ({ name, isOperators, outcome })),
  });
  if (anchoredFirst === undefined && anchor.chainId !== pins.chainId)
    return say('unknown_issuer', `The proof names chain ${anchor.chainId}; known is ${pins.chainId}.`);
  if (anchoredFirst === undefined && !sameHex(anchor.contract, pins.anchorRegistry))
    return say(
      'unknown_issuer',
      `The proof names the contract ${anchor.contract}; known is ${pins.anchorRegistry}.`,
    );

  const heads = await Promise.all(
    asked.map((endpoint) => headOf(endpoint, pins.chainId, trust.confirmations)),
  );
  const usable = asked.flatMap((endpoint, i) =>
    heads[i] === undefined ? [] : [{ endpoint, head: heads[i] }],
  );
  if (usable.length === 0)
    return asked.length > 0 && asked.every(({ outcome }) => outcome.startsWith('another chain'))
      ? say('wrong_chain', `No endpoint speaks for chain ${pins.chainId}.`)
      : say('cannot_check', 'No endpoint gives a usable answer.');

  const blockNumber = Math.min(...usable.map(({ head }) => head));
  const [final, ...others] = await lookAt(usable, bundle, pins, numberHex(blockNumber));
  if (final === undefined) return say('cannot_check', 'No endpoint gives a usable answer.');
  if (!others.every((other) => isSame(other, final)))
    return say('endpoints_disagree', `They say different things of block ${blockNumber}.`, { blockNumber });
  // Who told a block's number and nothing else has confirmed nothing.
  const heard = usable.filter(({ endpoint }) => endpoint.outcome === ANSWERED);
  const seen = { blockNumber, observation: final };
  const judged = judge(bundle, pins, final);
  // A root, or a withdrawal, of the last minutes is in no final block yet. Of two heads one may be a block behind: that one
  // tells of a withdrawal is enough, all else they have to agree on.
  const newest = (await lookAt(heard, bundle, pins, 'latest')).map((one) => judge(bundle, pins, one));
  const agreed = newest.every(({ verdict }) => verdict === newest[0]?.verdict) ? newest[0] : undefined;
  const now = newest.find(({ verdict }) => isWithdrawal(verdict)) ?? agreed ?? judged;
  if (judged.verdict === 'root_missing' || judged.verdict === 'unknown_issuer') {
    const isThere = now.verdict === 'genuine' || now.verdict === 'unsigned';
    return isThere
      ? say('not_yet_final', 'It stands in a block that can still be undone.', seen)
      : say(now.verdict, now.why, seen);
  }
  if (judged.verdict !== 'genuine') return say(judged.verdict, judged.why, seen);
  if (isWithdrawal(now.verdict)) return say(now.verdict, `${now.why} In the newest blocks.`, seen);
  return heard.every(({ endpoint }) => endpoint.isOperators)
    ? say('operators_word', `${judged.why} But only whoever made the proof was asked.`, seen)
    : say('genuine', judged.why, seen);
}

/** What the bundle names, when the pinned deployment takes its place; undefined: the pinned one itself, or a stranger. */
function firstPlaceOf(
  { chainId, contract }: ProofBundle['anchor'],
  { succeeds = [] }: Pins,
): Verified['anchoredFirst'] {
  const isListed = succeeds.some((one) => one.chainId === chainId && sameHex(one.anchorRegistry, contract));
  return isListed ? { chainId, contract } : undefined;
}

/** The newest block that counts as final there; undefined, with the reason in `outcome`, when it is of no use. */
async function headOf(
  endpoint: Asked,
  chainId: number,
  confirmations = CONFIRMATIONS,
): Promise<number | undefined> {
  try {
    const answered = Number(await endpoint.rpc('eth_chainId', []));
    if (!Number.isSafeInteger(answered) || answered === 0) throw new TypeError('its answer is no chain id');
    if (answered !== chainId) {
      endpoint.outcome = `another chain, ${answered}`;
      return undefined;
    }
    return await finalNumber(endpoint.rpc, confirmations);
  } catch (error) {
    endpoint.outcome = messageOf(error);
    return undefined;
  }
}

async function finalNumber(rpc: Rpc, confirmations: number): Promise<number> {
  const finalized = await rpc('eth_getBlockByNumber', ['finalized', false]).catch((error: unknown) => {
    if (isUnknownTag(error)) return null;
    throw error;
  });
  // Only "there is none" sends us to counting; what cannot be read is no such word.
  if (finalized !== null) return blockNumberIn((finalized as { number?: unknown }).number);
  const head = blockNumberIn(await rpc('eth_blockNumber', []));
  return Math.max(0, head - confirmations);
}

function blockNumberIn(answer: unknown): number {
  const number = typeof answer === 'string' && /^0x[0-9a-f]+$/i.test(answer) ? Number(answer) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new TypeError('the answer is no block number');
  return number;
}

/**
 * Whether the node knows no such tag, or no such block yet: it has answered, with an error of its own that is not about how
 * often it was asked (EIP-1474). A question that got lost must not make "final" out of what is not.
 */
function isUnknownTag(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'number' && code !== LIMIT_EXCEEDED && code !== TOO_MANY_REQUESTS;
}

/** What each of them says of one block. Those that fail are left out, with the reason in `outcome`. */
async function lookAt(
  usable: readonly { readonly endpoint: Asked }[],
  bundle: ProofBundle | LotBundle,
  pins: Pins,
  blockTag: 'latest' | Hex,
): Promise<Observation[]> {
  const seen = await Promise.all(
    usable.map(async ({ endpoint }) => {
      try {
        const observation = await observe(endpoint.rpc, bundle, pins, blockTag);
        endpoint.outcome = ANSWERED;
        return [observation];
      } catch (error) {
        endpoint.outcome = messageOf(error);
        return [];
      }
    }),
  );
  return seen.flat();
}

function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isWithdrawal(verdict: Verdict): boolean {
  return verdict === 'revoked' || verdict === 'key_invalid';
}

function judge(
  bundle: ProofBundle | LotBundle,
  pins: Pins,
  { codeHashes, isAllianceInCharge, anchor, cooperative, key, revocation }: Observation,
): { readonly verdict: Verdict; readonly why: string } {
  for (const name of ['anchorRegistry', 'cooperativeRegistry'] as const)
    if (!sameHex(codeHashes[name] ?? '', pins.codeHashes[name]))
      return { verdict: 'unknown_issuer', why: `Other code stands at ${pins[name]}, or none.` };
  if (isAllianceInCharge === false)
    return { verdict: 'unknown_issuer', why: `${pins.alliance} is not in charge of the registry any more.` };
  if (cooperative.kind !== 'cooperative')
    return { verdict: 'unknown_issuer', why: 'The alliance has never admitted this cooperative.' };
  if (anchor.kind !== 'anchored')
    return {
      verdict: 'root_missing',
      why:
        firstPlaceOf(bundle.anchor, pins) === undefined
          ? 'The contract does not know the root.'
          : 'The contract does not know the root: it was not anchored again yet, or never.',
    };
  if (anchor.treeSize !== bundle.anchor.treeSize)
    return { verdict: 'proof_broken', why: `The tree has ${anchor.treeSize} leaves on the chain.` };
  if (revocation.kind === 'revoked') {
    const by = sameHex(revocation.issuer, bundle.lot.cooperativeId) ? 'its cooperative' : 'the alliance';
    return {
      verdict: 'revoked',
      why: `Withdrawn by ${by}${revocation.what === 'stamp' ? ', this one stamp' : ''}.`,
    };
  }
  if (revocation.kind !== 'not_revoked')
    return { verdict: 'cannot_check', why: 'Whether it was withdrawn could not be read.' };
  if (bundle.signature === undefined || key === null)
    return { verdict: 'unsigned', why: 'The root stands, but the cooperative has not signed.' };
  const isKey =
    key.kind === 'key' &&
    key.keyKind === keyKinds.cooperative &&
    sameHex(key.publicKeyHash, addressHash(bundle.signature.address));
  if (!isKey)
    return { verdict: 'key_invalid', why: `The cooperative has no signing key ${bundle.signature.address}.` };
  if (!isKeyValidAt(key, anchor.anchoredAtMs))
    return { verdict: 'key_invalid', why: 'The key did not count when the root was anchored.' };
  return { verdict: 'genuine', why: 'It stands for good, is signed, and nothing of it is withdrawn.' };
}

function sameHex(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function numberHex(value: number): Hex {
  return `0x${value.toString(16)}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says "fetch failed", and why in its cause.
  const { cause } = error;
  return (cause instanceof Error && (cause.message || (cause as { code?: string }).code)) || error.message;
}
