import type { Hex } from './bytes.ts';
import type { Json } from './record.ts';

export const BUNDLE_FORMAT = 'nongtin-proof/1';
export const LOT_BUNDLE_FORMAT = 'nongtin-lot-proof/1';

/**
 * All that is needed to check one stamp without asking us: self-contained JSON. The stamp's leaf leads by its path to
 * the batch's stampRoot; the batch names its lot by digest; the batch's leaf leads by its path to a root that stands,
 * with its time, on the chain.
 */
export interface ProofBundle {
  readonly format: typeof BUNDLE_FORMAT;
  readonly stamp: {
    readonly gtin14: string;
    readonly serial: string;
    /** Decimal, because it has 64 bits. */
    readonly batchNumber: string;
    readonly index: number;
  };
  readonly stampSalt: Hex;
  readonly stampPath: readonly Hex[];
  readonly batch: BatchRecord;
  readonly batchSalt: Hex;
  readonly batchPath: readonly Hex[];
  readonly lot: LotRecord;
  readonly anchor: BundleAnchor;
  /** The cooperative's word for the batch; bundles made before there were any have none. */
  readonly signature?: BundleSignature;
}

/** All that is needed to check one lot: its leaf leads by its path to a root that stands on the chain. */
export interface LotBundle {
  readonly format: typeof LOT_BUNDLE_FORMAT;
  readonly lot: LotRecord;
  readonly lotSalt: Hex;
  readonly lotPath: readonly Hex[];
  readonly anchor: BundleAnchor;
  readonly signature?: BundleSignature;
}

interface BundleAnchor {
  readonly root: Hex;
  readonly treeSize: number;
  readonly chainId: number;
  /** The AnchorRegistry's address. */
  readonly contract: Hex;
  /** null until the transaction is known. */
  readonly transactionHash: Hex | null;
  readonly blockNumber: number | null;
}

/** By EIP-712 (cooperative-signature.ts). */
export interface BundleSignature {
  /** Of who is said to have signed. */
  readonly address: Hex;
  /** r | s | v, 65 bytes. */
  readonly signature: Hex;
}

/** Its digest is the digest of a `stamp_batch` leaf. */
export interface BatchRecord {
  readonly kind: 'stamp_batch';
  /** 32 bytes, see cooperativeIdOf. */
  readonly cooperativeId: Hex;
  readonly batchNumber: string;
  readonly gtin14: string;
  readonly lotNumber: string;
  readonly lotDigest: Hex;
  readonly stampCount: number;
  readonly stampRoot: Hex;
  /** Of one stamped package. */
  readonly netWeightGrams?: number;
  readonly issuedAtMs: number;
  /** The lot's own (mã số vùng trồng), said again where stamps are counted. */
  readonly plantingAreaCode?: string;
}

export interface LotRecord {
  readonly kind: 'lot';
  readonly cooperativeId: Hex;
  readonly lotNumber: string;
  readonly gtin14: string;
  readonly productName: string;
  readonly plot: { readonly id: string; readonly name: string; readonly plantingAreaCode?: string };
  readonly harvestedAtMs: number;
  readonly quantityKg: number;
  /** The season in figures: any JSON object of at most 16 levels. */
  readonly season: { readonly [key: string]: Json };
}
