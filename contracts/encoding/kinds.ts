/**
 * What a leaf may stand for. The number goes into the leaf's hash, so a record of one kind can never be passed off
 * as another kind. Numbers are given once and for ever: add at the end, never change, never reuse.
 */
export const leafKinds = {
  /** One stamp; a leaf of its batch's own tree. Its digest word: stamp.ts. */
  stamp: 1,
  /** A stamp batch, which holds the root of its stamps' tree; a leaf of an anchored tree. */
  stamp_batch: 2,
  /** A closed lot. */
  lot: 3,
  /** An EPCIS event of a harvest. */
  harvest_event: 4,
  /** A gateway's signed root of one day's journal entries. */
  day_root: 5,
} as const;

export type LeafKind = keyof typeof leafKinds;
