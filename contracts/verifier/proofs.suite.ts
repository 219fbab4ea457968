import type { Contract, HDNodeWallet, Wallet } from 'ethers';
import { demoCooperative } from '../chain/index.ts';
import {
  type BatchRecord,
  buildTree,
  cooperativeIdOf,
  type Hex,
  type LotBundle,
  type LotRecord,
  leafHash,
  type ProofBundle,
  recordDigest,
  recordTypedData,
  stampLeaf,
  toHex,
} from '../encoding/index.ts';

export const cooperativeId = toHex(cooperativeIdOf(demoCooperative.code));
export const gtin14 = '08936000000011';
export const serial = '00000100000WF7CHJ0NB';
const salt = (byte: number) => new Uint8Array(32).fill(byte);

export interface ProofOptions {
  /** The AnchorRegistry, by whoever may anchor there. */
  readonly contract: Contract;
  /** Whom the proofs name. */
  readonly signer: Wallet | HDNodeWallet;
  /** Who really signs; null: nobody. Default: the signer. */
  readonly wallet?: { signTypedData: Wallet['signTypedData'] } | null | undefined;
}

/** Sent, and mined. */
export async function sent(contract: Contract, name: string, ...args: unknown[]): Promise<void> {
  const sending = await contract.getFunction(name).send(...args);
  await sending.wait();
}

export const lot: LotRecord = {
  ...{ kind: 'lot', cooperativeId, lotNumber: 'L261123-1', gtin14, productName: 'Thanh long ruột đỏ' },
  ...{
    plot: { id: 'a', name: 'Lô A' },
    harvestedAtMs: 1_790_000_000_000,
    quantityKg: 800,
    season: { irrigationRuns: 12 },
  },
};

/** Two stamps, their batch and their lot, anchored in one tree of two. */
export async function anchoredProofs({ contract, signer, wallet = signer }: ProofOptions) {
  const stampTree = buildTree(
    [0, 1].map((index) =>
      stampLeaf({ batchNumber: 1n, index, serial }, cooperativeIdOf(demoCooperative.code), salt(index + 1)),
    ),
  );
  const batch: BatchRecord = {
    ...{ kind: 'stamp_batch', cooperativeId, batchNumber: '1', gtin14, lotNumber: lot.lotNumber },
    ...{
      lotDigest: toHex(recordDigest(lot)),
      stampCount: 2,
      stampRoot: toHex(stampTree.root),
      issuedAtMs: 1_790_000_000_000,
    },
  };
  const leaf = (kind: 'lot' | 'stamp_batch', record: object, byte: number) =>
    leafHash({
      kind,
      cooperativeId: cooperativeIdOf(demoCooperative.code),
      salt: salt(byte),
      digest: recordDigest(record),
    });
  const leaves = [leaf('lot', lot, 7), leaf('stamp_batch', batch, 8)];
  const tree = buildTree(leaves);
  await sent(contract, 'anchor', toHex(tree.root), 2);
  const signature = async (kind: 'lot' | 'stamp_batch', record: object) => {
    if (wallet === null) return {};
    const { domain, types, message } = recordTypedData({
      cooperativeId,
      kind,
      digest: toHex(recordDigest(record)),
    });
    const signed = await wallet.signTypedData(domain, { Record: [...types.Record] }, message);
    return { signature: { address: signer.address.toLowerCase() as Hex, signature: signed as Hex } };
  };
  const anchor = {
    ...{
      root: toHex(tree.root),
      treeSize: 2,
      chainId: 31_337,
      contract: (await contract.getAddress()) as Hex,
    },
    ...{ transactionHash: null, blockNumber: null },
  };
  const stamp: ProofBundle = {
    ...{ format: 'nongtin-proof/1', stamp: { gtin14, serial, batchNumber: '1', index: 0 } },
    ...{
      stampSalt: toHex(salt(1)),
      stampPath: stampTree.proofOf(0).map(toHex),
      batch,
      batchSalt: toHex(salt(8)),
    },
    ...{ batchPath: tree.proofOf(1).map(toHex), lot, anchor, ...(await signature('stamp_batch', batch)) },
  };
  const ofLot: LotBundle = {
    ...{ format: 'nongtin-lot-proof/1', lot, lotSalt: toHex(salt(7)), lotPath: tree.proofOf(0).map(toHex) },
    ...{ anchor, ...(await signature('lot', lot)) },
  };
  return { stamp, ofLot, batchLeaf: toHex(leaves[1] ?? salt(0)), lotLeaf: toHex(leaves[0] ?? salt(0)) };
}
