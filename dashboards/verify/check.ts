import {
  type AnchorReading,
  allianceIssuer,
  BundleProblem,
  type BundleStep,
  checkBundle,
  type ProofBundle,
  parseBundle,
  type Rpc,
  readAnchor,
  readRevocation,
  signedLeaf,
  toHex,
} from '@nongtin/contracts/encoding';
import type { Asked } from './answer.ts';

/** What this device found out by itself, in the words of the message catalogue. */
export type Verdict =
  | 'genuine'
  | 'not_yet_final'
  | 'waiting'
  | 'root_missing'
  | 'withdrawn'
  | 'spoiled'
  | 'proof_broken'
  | 'not_ours'
  | 'typo'
  | 'cannot_check'
  | 'wrong_chain';

export interface Checked {
  verdict: Verdict;
  bundle: ProofBundle | null;
  steps: BundleStep[];
  anchor: AnchorReading | null;
}

/** A stamp of ours never reads so: somebody has typed it, or it was printed by somebody else. */
const notAsPrinted = ['check_character', 'length', 'alphabet', 'gtin'];

/**
 * Recomputes the proof and reads its root from the chain:
 *
 *   bundle ─ leaf, path, lot, batch ─► root ─ eth_call at `finalized` ─► genuine
 *                                           └ eth_call at `latest` ────► not yet final | missing
 *
 * The server's word is used only to say why there is no proof; never to say that a stamp is genuine.
 */
export async function checkStamp(asked: Asked, rpc: Rpc): Promise<Checked> {
  const nothing = { bundle: null, steps: [], anchor: null };
  const server = asked.server;
  if (!server) return { ...nothing, verdict: 'cannot_check' };
  if (server.answer === 'not_ours') {
    return { ...nothing, verdict: notAsPrinted.includes(server.problem ?? '') ? 'typo' : 'not_ours' };
  }
  if (server.answer === 'withdrawn')
    return { ...nothing, verdict: server.stamp?.state === 'spoiled' ? 'spoiled' : 'withdrawn' };
  if (!server.bundle || !server.chain) {
    return { ...nothing, verdict: server.answer === 'waiting' ? 'waiting' : 'cannot_check' };
  }
  let bundle: ProofBundle;
  try {
    bundle = parseBundle(server.bundle);
  } catch (error) {
    if (error instanceof BundleProblem) return { ...nothing, verdict: 'proof_broken' };
    throw error;
  }
  const steps = checkBundle(bundle, { gtin14: asked.gtin14, serial: asked.serial });
  if (steps.some((step) => !step.ok)) return { bundle, steps, anchor: null, verdict: 'proof_broken' };
  const { anchor } = bundle;
  const sameContract = anchor.contract.toLowerCase() === server.chain.anchorRegistry.toLowerCase();
  if (!sameContract || anchor.chainId !== server.chain.chainId) {
    return { bundle, steps, anchor: null, verdict: 'proof_broken' };
  }
  const announced = { asWaiting: server.answer === 'waiting', confirmations: server.chain.confirmations };
  return { bundle, steps, ...(await askChain(bundle, rpc, announced)) };
}

async function askChain(
  bundle: ProofBundle,
  rpc: Rpc,
  announced: { asWaiting: boolean; confirmations: number | undefined },
): Promise<{ verdict: Verdict; anchor: AnchorReading }> {
  const question = {
    chainId: bundle.anchor.chainId,
    contract: bundle.anchor.contract,
    root: bundle.anchor.root,
  };
  const final = await readAnchor(rpc, { ...question, blockTag: 'finalized' });
  if (final.kind === 'anchored') {
    if (!agrees(final, bundle)) return { verdict: 'proof_broken', anchor: final };
    return { verdict: await unlessWithdrawn(bundle, rpc), anchor: final };
  }
  const latest = await readAnchor(rpc, { ...question, blockTag: 'latest' });
  switch (latest.kind) {
    case 'anchored': {
      if (!agrees(latest, bundle)) return { verdict: 'proof_broken', anchor: latest };
      // An endpoint that does not know the tag answers with an error; then the blocks above are counted.
      const deep =
        final.kind === 'unreachable' && (await isDeep(latest.blockNumber, rpc, announced.confirmations));
      const verdict = await unlessWithdrawn(bundle, rpc);
      return { verdict: deep || verdict === 'withdrawn' ? verdict : 'not_yet_final', anchor: latest };
    }
    case 'missing':
      return { verdict: announced.asWaiting ? 'waiting' : 'root_missing', anchor: latest };
    case 'wrong_chain':
    case 'no_contract':
      return { verdict: 'wrong_chain', anchor: latest };
    case 'unreachable':
      return { verdict: 'cannot_check', anchor: latest };
  }
}

/** Asked of the newest block: what was withdrawn a minute ago counts. The server's silence about it does not. */
async function unlessWithdrawn(bundle: ProofBundle, rpc: Rpc): Promise<Verdict> {
  const { kind } = await readRevocation(rpc, {
    ...{ chainId: bundle.anchor.chainId, contract: bundle.anchor.contract },
    ...{ leaf: toHex(signedLeaf(bundle)), stampIndex: bundle.stamp.index },
    issuers: [bundle.batch.cooperativeId, allianceIssuer],
  });
  if (kind === 'not_revoked') return 'genuine';
  return kind === 'revoked' ? 'withdrawn' : 'cannot_check';
}

async function isDeep(blockNumber: number, rpc: Rpc, confirmations: number | undefined): Promise<boolean> {
  if (confirmations === undefined) return false;
  const head = Number(await rpc('eth_blockNumber', []).catch(() => Number.NaN));
  return head - blockNumber >= confirmations;
}

/** The tree's size stands beside the root on the chain; a proof that claims another one was made up. */
function agrees(anchor: { treeSize: number }, bundle: ProofBundle): boolean {
  return anchor.treeSize === bundle.anchor.treeSize;
}
