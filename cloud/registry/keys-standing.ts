import { type Rpc, toHex } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import { type Ask, asking, type ChainView, hashOf, numberHex, requireBlock } from '../anchoring/index.ts';
import type { Schema } from '../records/index.ts';
import { cooperativeOf, type Deployment, keyOf, requireDeployment, revokedAt } from './registry-reading.ts';
import { countsLater, disownedLeaves, type SignerOfTrees, signersOfTrees } from './signed-trees.ts';

export interface KeysStandingOptions {
  readonly db: Kysely<Schema>;
  readonly rpc: Rpc;
  readonly deployment: () => Deployment | undefined;
}

/** Answers for a while, because many questions at once are a load for an endpoint; the rest comes with the next look. */
const MOST_ASKED = 100;

/**
 * Whether trees may be anchored: undefined when every signing key that counts for a record in a tree, or waiting for one, stands
 * in the registry for good, and what a stolen key signed is revoked where it would come to life again; else why not, for the
 * status and the log. A record counts by the keys that stood when it was anchored, so one anchored too early would never count.
 *
 * The chain itself is asked, not what we noted of it: it may have been set back a moment ago. What was found is remembered as of a
 * block, and holds as long as that very block is in the chain. Rejects with a ChainProblem when the chain gives no answer.
 */
export function createKeysStanding(options: KeysStandingOptions) {
  const ask = asking(options.rpc);
  let known: Known | undefined;
  return async (view: ChainView): Promise<string | undefined> => {
    const place = requireDeployment(options.deployment);
    if (place.chainId !== view.chainId || place.anchorRegistry !== view.registry)
      return 'The contracts in use are not those of a moment ago; they are asked again.';
    const wanted = await wantedOn(options.db, place);
    if (wanted.length === 0) return undefined;
    known = await stillKnown(ask, known, place);
    const seen = new Set(known?.seen);
    const open = wanted.filter(({ id }) => !seen.has(id));
    if (open.length === 0) return undefined;
    const finalized = await requireBlock(ask, numberHex(view.finalizedNumber));
    const missing: Wanted[] = [];
    for (const one of open.slice(0, MOST_ASKED)) {
      const time = await one.timeOf(ask, place, numberHex(view.headNumber));
      // Block times only grow: what stands since the finalized block's time or before is in that block or below.
      if (time !== 0n && time <= BigInt(finalized.timestamp)) seen.add(one.id);
      else missing.push(one);
    }
    known = { place, seen, blockNumber: view.finalizedNumber, blockHash: finalized.hash };
    if (missing.length > 0) return whyNot(ask, place, missing, numberHex(view.headNumber));
    return open.length > MOST_ASKED ? 'Not all keys that have signed were looked up yet.' : undefined;
  };
}

interface Known {
  readonly place: Deployment;
  readonly seen: ReadonlySet<string>;
  readonly blockNumber: number;
  readonly blockHash: string;
}

async function stillKnown(ask: Ask, known: Known | undefined, place: Deployment): Promise<Known | undefined> {
  if (known === undefined) return undefined;
  const isHere =
    known.place.chainId === place.chainId && known.place.cooperativeRegistry === place.cooperativeRegistry;
  if (!isHere) return undefined;
  const block = await ask<{ hash: string } | null>(
    'eth_getBlockByNumber',
    numberHex(known.blockNumber),
    false,
  );
  return block?.hash === known.blockHash ? known : undefined;
}

/** Something that has to stand on the chain before a tree may. */
interface Wanted {
  readonly id: string;
  readonly what: 'key' | 'revocation';
  readonly signer: SignerOfTrees;
  /** Since when it stands, seconds since 1970; zero: it does not. */
  timeOf(ask: Ask, place: Deployment, blockTag: string): Promise<bigint>;
}

async function wantedOn(db: Kysely<Schema>, place: Deployment): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const signer of await signersOfTrees(db)) {
    wanted.push({
      ...{ id: signer.keyId, what: 'key', signer },
      timeOf: (ask, { cooperativeRegistry }, blockTag) => keyTime(ask, cooperativeRegistry, signer, blockTag),
    });
    const { revokedFromMs } = signer;
    if (revokedFromMs === null || !(await countsLater(db, signer.keyId, revokedFromMs, place))) continue;
    for (const row of await disownedLeaves(db, signer.keyId)) {
      const leaf = { issuer: row.cooperative_id, leaf: toHex(hashOf(row)) };
      wanted.push({
        ...{ id: leaf.leaf, what: 'revocation', signer },
        timeOf: (ask, { anchorRegistry }, blockTag) => revokedAt(ask, anchorRegistry, leaf, blockTag),
      });
    }
  }
  return wanted;
}

/** Where another key has the id, waiting would help nobody: it counts as there. */
async function keyTime(
  ask: Ask,
  contract: string,
  { cooperativeId, keyId }: SignerOfTrees,
  blockTag: string,
): Promise<bigint> {
  return (await keyOf(ask, contract, { cooperativeId, keyId }, blockTag)).validFrom;
}

async function whyNot(
  ask: Ask,
  { cooperativeRegistry }: Deployment,
  missing: readonly Wanted[],
  blockTag: string,
): Promise<string> {
  const reasons: string[] = [];
  const slugs = [...new Set(missing.map(({ signer }) => signer.cooperative))];
  for (const slug of slugs) {
    const own = missing.filter(({ signer }) => signer.cooperative === slug);
    const { standing } = await cooperativeOf(
      ask,
      cooperativeRegistry,
      own[0]?.signer.cooperativeId ?? '',
      blockTag,
    );
    const keys = own.filter(({ what }) => what === 'key').length;
    if (standing === 'unknown') reasons.push(`the alliance has to admit ${slug} there (admit)`);
    else if (standing === 'suspended')
      reasons.push(`${slug} is suspended there: the alliance reinstates it, or sets its keys itself`);
    else if (keys > 0) reasons.push(`${keys} of the keys of ${slug} are not final in the registry yet`);
    else reasons.push(`what a stolen key of ${slug} has signed is not revoked for good yet`);
  }
  return `Nothing is anchored on this deployment yet, because it would count by no key for ever: ${reasons.join('; ')}.`;
}
