import { fromHex, stampLeaf } from '@nongtin/contracts/encoding';
import { batchKeys, stampSalt } from './keys.ts';
import type { LeafOf } from './level-tree.ts';
import { serialOf } from './serial.ts';

/** What fixes every stamp of a batch. */
export interface BatchSeed {
  readonly secret: Uint8Array;
  /** bytes32 as 0x and 64 hex digits. */
  readonly cooperativeId: string;
  readonly gtin14: string;
  readonly batchNumber: number;
}

/** A batch's stamps, each made when it is asked for. */
export interface DerivedStamps {
  readonly macKey: Uint8Array;
  serialAt(index: number): string;
  saltAt(index: number): Uint8Array;
  readonly leafAt: LeafOf;
}

export function deriveStamps(seed: BatchSeed): DerivedStamps {
  const keys = batchKeys(seed.secret);
  const cooperativeId = fromHex(seed.cooperativeId, 32);
  const batchNumber = BigInt(seed.batchNumber);
  const serialAt = (index: number) => serialOf(keys.mac, seed.gtin14, seed.batchNumber, index);
  const saltAt = (index: number) => stampSalt(keys.salt, index);
  return {
    macKey: keys.mac,
    serialAt,
    saltAt,
    leafAt: (index) =>
      stampLeaf({ batchNumber, index, serial: serialAt(index) }, cooperativeId, saltAt(index)),
  };
}
