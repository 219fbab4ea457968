import { readFileSync } from 'node:fs';
import { type ProofBundle, parseBundle } from '@nongtin/contracts/encoding';
import { describe, expect, it } from 'vitest';
import type { Asked, ServerAnswer } from './answer.ts';
import { checkStamp } from './check.ts';

const vector = JSON.parse(
  readFileSync(new URL('../../contracts/vectors/bundle-v1.json', import.meta.url), 'utf8'),
) as unknown;
const bundle = parseBundle(vector);

function asked(server: Partial<ServerAnswer> = {}): Asked {
  return {
    gtin14: bundle.stamp.gtin14,
    serial: bundle.stamp.serial,
    server: {
      answer: 'genuine',
      product: null,
      cooperative: null,
      bundle,
      chain: { chainId: bundle.anchor.chainId, anchorRegistry: bundle.anchor.contract, rpcUrls: [] },
      ...server,
    },
  };
}

const word = (value: number) => value.toString(16).padStart(64, '0');
const anchoredAnswer = (treeSize = bundle.anchor.treeSize) =>
  `0x${word(1_760_000_000)}${word(treeSize)}${word(7)}`;
const MISSING = `0x${word(0)}${word(0)}${word(0)}`;

/** A chain that answers `eth_call` per block tag; everything else as the right chain would. */
function chain(calls: { finalized: string; latest: string }, chainId = bundle.anchor.chainId, revoked = 0) {
  return async (method: string, params: readonly unknown[]): Promise<unknown> => {
    if (method === 'eth_chainId') return `0x${chainId.toString(16)}`;
    if (method === 'eth_getCode') return '0x60';
    const { data } = params[0] as { data: string };
    // Selector and one word: anchorOf. With more words: whether somebody has revoked it.
    if (data.length > 2 + 8 + 64) return `0x${word(revoked)}`;
    return calls[params[1] as 'finalized' | 'latest'];
  };
}

const standing = chain({ finalized: anchoredAnswer(), latest: anchoredAnswer() });

describe('the check a buyer’s device makes', () => {
  it('calls a stamp genuine when the proof adds up and a final block holds its root', async () => {
    const { verdict, steps } = await checkStamp(asked(), standing);
    expect(verdict).toBe('genuine');
    expect(steps.every((step) => step.ok)).toBe(true);
  });

  it('says "not yet final" while only the latest block holds the root', async () => {
    const { verdict } = await checkStamp(asked(), chain({ finalized: MISSING, latest: anchoredAnswer() }));
    expect(verdict).toBe('not_yet_final');
  });

  it('says that a stamp was withdrawn when the chain does, or the server, whatever the other one says', async () => {
    const { chainId } = bundle.anchor;
    const calls = { finalized: anchoredAnswer(), latest: anchoredAnswer() };
    expect((await checkStamp(asked(), chain(calls, chainId, 1_760_000_001))).verdict).toBe('withdrawn');
    expect((await checkStamp(asked({ answer: 'withdrawn' }), standing)).verdict).toBe('withdrawn');
    const silent = chain(calls);
    const withoutAnswer = (method: string, params: readonly unknown[]) =>
      method === 'eth_call' && (params[0] as { data: string }).data.length > 74
        ? Promise.reject(new Error('reverted'))
        : silent(method, params);
    expect((await checkStamp(asked(), withoutAnswer)).verdict).toBe('cannot_check');
  });

  it('says withdrawn also while the block is not final, and which stamps were thrown away', async () => {
    const { chainId } = bundle.anchor;
    const young = chain({ finalized: MISSING, latest: anchoredAnswer() }, chainId, 1_760_000_001);
    expect((await checkStamp(asked(), young)).verdict).toBe('withdrawn');
    const spoiled = { answer: 'withdrawn', stamp: { state: 'spoiled', activatedAtMs: null } } as const;
    expect((await checkStamp(asked(spoiled), standing)).verdict).toBe('spoiled');
  });

  it('takes what cannot have been printed by us for a slip of the pen', async () => {
    const verdictFor = async (problem: string) =>
      (await checkStamp(asked({ answer: 'not_ours', problem, bundle: null }), standing)).verdict;
    expect(await Promise.all(['check_character', 'length', 'alphabet', 'gtin'].map(verdictFor))).toEqual(
      Array(4).fill('typo'),
    );
    expect(await verdictFor('unknown')).toBe('not_ours');
  });

  it('does not say genuine when the root is missing on the chain, whatever the server says', async () => {
    const { verdict } = await checkStamp(asked(), chain({ finalized: MISSING, latest: MISSING }));
    expect(verdict).toBe('root_missing');
  });

  it('does not say genuine when the server announces the stamp as waiting and the chain agrees', async () => {
    const { verdict } = await checkStamp(
      asked({ answer: 'waiting' }),
      chain({ finalized: MISSING, latest: MISSING }),
    );
    expect(verdict).toBe('waiting');
  });

  it('refuses a proof about another stamp than the one in hand', async () => {
    const { verdict } = await checkStamp({ ...asked(), serial: '0'.repeat(20) }, standing);
    expect(verdict).toBe('proof_broken');
  });

  it('refuses a proof in which one figure of the lot was changed', async () => {
    const changed = { ...bundle, lot: { ...bundle.lot, quantityKg: bundle.lot.quantityKg + 1 } };
    expect((await checkStamp(asked({ bundle: changed }), standing)).verdict).toBe('proof_broken');
  });

  it('refuses a proof whose tree has another size than the chain says', async () => {
    const other = anchoredAnswer(bundle.anchor.treeSize + 1);
    expect((await checkStamp(asked(), chain({ finalized: other, latest: other }))).verdict).toBe(
      'proof_broken',
    );
  });

  it('refuses a bundle of an unknown format', async () => {
    const foreign = { ...bundle, format: 'somebody-else/9' } as unknown as ProofBundle;
    expect((await checkStamp(asked({ bundle: foreign }), standing)).verdict).toBe('proof_broken');
  });

  it('refuses a proof that names another contract than the server does', async () => {
    const elsewhere = { chainId: bundle.anchor.chainId, anchorRegistry: `0x${'12'.repeat(20)}`, rpcUrls: [] };
    expect((await checkStamp(asked({ chain: elsewhere }), standing)).verdict).toBe('proof_broken');
  });

  it.each([
    [12, 'genuine'],
    [11, 'not_yet_final'],
  ])('counts blocks where the chain has no finalized tag: %d above is %s', async (above, verdict) => {
    const withoutTag = async (method: string, params: readonly unknown[]): Promise<unknown> => {
      if (method === 'eth_blockNumber') return `0x${(7 + above).toString(16)}`;
      if (params[1] === 'finalized') throw new Error('invalid block tag');
      return standing(method, params);
    };
    const { chainId, contract: anchorRegistry } = bundle.anchor;
    const chain = { chainId, anchorRegistry, rpcUrls: [], confirmations: 12 };
    expect((await checkStamp(asked({ chain }), withoutTag)).verdict).toBe(verdict);
  });

  it('tells another chain apart from a missing root', async () => {
    const { verdict } = await checkStamp(
      asked(),
      chain({ finalized: anchoredAnswer(), latest: anchoredAnswer() }, 1),
    );
    expect(verdict).toBe('wrong_chain');
  });

  it('says that it cannot check when nobody answers', async () => {
    const { verdict } = await checkStamp(asked(), () => Promise.reject(new Error('offline')));
    expect(verdict).toBe('cannot_check');
  });

  it('tells a slip of the pen from a foreign code', async () => {
    const refused = { answer: 'not_ours', bundle: null, chain: null } as const;
    expect((await checkStamp(asked({ ...refused, problem: 'check_character' }), standing)).verdict).toBe(
      'typo',
    );
    expect((await checkStamp(asked(refused), standing)).verdict).toBe('not_ours');
  });
});
