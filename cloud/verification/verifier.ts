import {
  type AnchorReading,
  type LotBundle,
  type LotRecord,
  type Rpc,
  readAnchor,
} from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import {
  type AnchorTrees,
  createAnchorTrees,
  finalizedNumber,
  type Standing,
  standingOf,
} from '../anchoring/index.ts';
import { isGtin14 } from '../cooperatives/gtin.ts';
import type { Schema } from '../records/index.ts';
import { type FoundStamp, outOfUse, type Stamps, stateOf } from '../stamps/index.ts';
import { type ChainDoor, judge, refusal, type VerifyAnswer } from './answer.ts';
import { lotBundle, stampBundle } from './proofs.ts';

export interface VerifierOptions {
  readonly db: Kysely<Schema>;
  readonly stamps: Stamps;
  /** The chain as buyers reach it; undefined while nothing is deployed. */
  readonly chain: () => ChainDoor | undefined;
  /** One JSON-RPC call to the chain, with a time limit of its own. */
  readonly rpc: Rpc;
}

export interface Verifier {
  /** What we say of a stamp, asked by what is printed on it. */
  verify(gtin14: string, serial: string): Promise<VerifyAnswer>;
  /** A lot's own proof; undefined: there is no such lot, null: its leaf is in no tree yet. */
  proofOfLot(lotNumber: string): Promise<LotBundle | null | undefined>;
}

export function createVerifier(options: VerifierOptions): Verifier {
  const trees = createAnchorTrees(options.db);
  return {
    verify: async (gtin14, serial) => {
      const chain = options.chain() ?? null;
      if (!isGtin14(gtin14)) return refusal('gtin', chain);
      const found = await options.stamps.findStamp(gtin14, serial);
      if (!found.ok) return refusal(found.problem, chain);
      return answerFor({ ...options, trees }, found.stamp, chain);
    },
    proofOfLot: (lotNumber) => lotBundle(options.db, trees, lotNumber),
  };
}

async function answerFor(
  options: VerifierOptions & { readonly trees: AnchorTrees },
  stamp: FoundStamp,
  chain: ChainDoor | null,
): Promise<VerifyAnswer> {
  const { db, trees } = options;
  const { batch } = stamp;
  const [told, standing, { state, activatedAtMs }] = await Promise.all([
    tellOf(db, batch.lotNumber),
    standingOf(db, 'stamp_batch', batch.batchNumber),
    stateOf(db, Number(batch.batchNumber), stamp.index),
  ]);
  const followed = standing && hereOrWaiting(standing, chain);
  const bundle =
    followed === undefined ? null : await stampBundle(db, trees, stamp, { ...followed, lot: told.lot });
  const { finalized, latest } = await askChain(
    options.rpc,
    followed?.anchor ?? null,
    chain?.confirmations ?? Number.POSITIVE_INFINITY,
  );
  const { answer, problem, now } = judge(followed?.state ?? 'waiting', finalized, latest);
  const { lotNumber, harvestedAtMs, quantityKg, plot, season } = told.lot;
  const anchor = followed?.anchor;
  return {
    ...(outOfUse.includes(state) ? { answer: 'withdrawn', problem: null } : { answer, problem }),
    product: { gtin14: batch.gtin14, name: told.productName },
    cooperative: { name: told.cooperativeName },
    lot: { lotNumber, harvestedAtMs, quantityKg, plot },
    season,
    stamp: { state, activatedAtMs: activatedAtMs ?? null },
    anchor: {
      state: followed?.state ?? 'waiting',
      now,
      root: anchor?.root ?? null,
      treeSize: anchor?.treeSize ?? null,
      transactionHash: anchor?.transactionHash ?? null,
      blockNumber: anchor?.blockNumber ?? null,
      blockTimeMs: anchor?.blockTimeMs ?? null,
    },
    bundle,
    chain,
  };
}

/**
 * Between the moment when the cloud is pointed at another deployment and the anchorer's first look there, a leaf's anchor is still
 * of the old one: buyers' devices are told the new one, on which it waits.
 */
function hereOrWaiting(standing: Standing, chain: ChainDoor | null): Standing {
  const { anchor } = standing;
  if (anchor === null || chain === null) return standing;
  const isHere =
    anchor.chainId === chain.chainId && anchor.registry.toLowerCase() === chain.anchorRegistry.toLowerCase();
  return isHere ? standing : { ...standing, state: 'waiting', anchor: null };
}

/** What is told of a lot beside its record. */
async function tellOf(db: Kysely<Schema>, lotNumber: string) {
  const row = await db
    .selectFrom('lots')
    .innerJoin('products', 'products.gtin14', 'lots.gtin14')
    .innerJoin('cooperatives', 'cooperatives.id', 'lots.cooperative_id')
    .select(['lots.record', 'products.name_vi', 'products.name_en', 'cooperatives.name'])
    .where('lots.lot_number', '=', lotNumber)
    .executeTakeFirstOrThrow();
  return {
    lot: JSON.parse(row.record) as LotRecord,
    productName: { vi: row.name_vi, en: row.name_en },
    cooperativeName: row.name,
  };
}

/**
 * First what cannot be undone any more, then the newest block: the same order in which a buyer's device asks. A chain
 * that does not know finalized blocks answers nothing as of them; there the blocks are counted, as the anchorer does.
 */
async function askChain(
  rpc: Rpc,
  anchor: Standing['anchor'],
  confirmations: number,
): Promise<{ finalized?: AnchorReading; latest?: AnchorReading }> {
  if (anchor === null) return {};
  const { chainId, registry, root, treeSize } = anchor;
  const ask = async (blockTag: 'finalized' | 'latest') => {
    const reading = await readAnchor(rpc, { chainId, contract: registry, root, blockTag });
    // Another tree under this root cannot be; if the chain says so, it does not confirm ours.
    const other = reading.kind === 'anchored' && reading.treeSize !== treeSize;
    return other ? ({ kind: 'missing' } as const) : reading;
  };
  const finalized = await ask('finalized');
  if (finalized.kind === 'anchored') return { finalized };
  const latest = await ask('latest');
  const doubtful = finalized.kind === 'unreachable' && latest.kind === 'anchored';
  const counted = doubtful && (await isFinal(rpc, latest.blockNumber, confirmations));
  return counted ? { finalized: latest } : { finalized, latest };
}

/** False also while the chain does not answer. */
async function isFinal(rpc: Rpc, blockNumber: number, confirmations: number): Promise<boolean> {
  try {
    const headNumber = Number(await rpc('eth_blockNumber', []));
    return blockNumber <= (await finalizedNumber(rpc, headNumber, confirmations));
  } catch {
    return false;
  }
}
