import { fromHex, type LeavesOf } from '@nongtin/contracts/encoding';
import { batchKeys, stampSalt } from './keys.ts';
import { type LeafSeed, withLeavesOf } from './leaf-deriver.ts';
import { serialOf } from './serial.ts';

/** What fixes every stamp of a batch. */
export interface BatchSeed {
  readonly secret: Uint8Array;
  /** bytes32 as 0x and 64 hex digits. */
  readonly cooperativeId: string;
  /** 14 digits. */
  readonly gtin14: string;
  readonly batchNumber: number;
}

/** A batch's stamps, each made when it is asked for. */
export interface DerivedStamps {
  readonly macKey: Uint8Array;
  /** For who derives leaves elsewhere, in a worker. */
  readonly leafSeed: LeafSeed;
  serialAt(index: number): string;
  saltAt(index: number): Uint8Array;
  /** Leaves in bulk, for as long as `work` lasts and no longer: then the keys are wiped from where they are derived. */
  withLeaves<T>(work: (leavesOf: LeavesOf) => T): T;
}

export function deriveStamps(seed: BatchSeed): DerivedStamps {
  const keys = batchKeys(seed.secret);
  const { gtin14, batchNumber } = seed;
  if (!/^\d{14}$/.test(gtin14)) throw new RangeError(`a GTIN has 14 digits here, unlike "${gtin14}"`);
  const cooperativeId = fromHex(seed.cooperativeId, 32);
  const serialAt = (index: number) => serialOf(keys.mac, gtin14, batchNumber, index);
  const leafSeed = {
    ...{ macKey: keys.mac, saltKey: keys.salt, cooperativeId, gtin14, batchNumber },
    serial: serialAt(0),
  };
  return {
    macKey: keys.mac,
    leafSeed,
    serialAt,
    saltAt: (index) => stampSalt(keys.salt, index),
    withLeaves: (work) => withLeavesOf(leafSeed, work),
  };
}
