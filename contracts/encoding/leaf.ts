import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { requireLength } from './bytes.ts';
import { type LeafKind, leafKinds } from './kinds.ts';

/** The format's tag and version: another format, or a later version of this one, has other leaves. */
const TAG = keccak_256(utf8ToBytes('nongtin.leaf'));
const LEAF_VERSION = 1;

export interface Leaf {
  /** 32 bytes, see cooperativeIdOf. */
  readonly cooperativeId: Uint8Array;
  readonly kind: LeafKind;
  /** 32 secret random (or derived) bytes: without them a sibling in a proof would let one search its content. */
  readonly salt: Uint8Array;
  /** 32 bytes: of a record its digest (record.ts), of a stamp its word (stamp.ts). */
  readonly digest: Uint8Array;
}

/**
 * keccak256(keccak256(abi.encode(bytes32 tag, uint16 version, bytes32 cooperativeId, uint8 kind, bytes32 salt,
 * bytes32 digest))).
 *
 * Hashed twice because an inner node of the tree is the hash of 64 bytes: a leaf is the hash of 32, so that no inner
 * node can ever be presented as a leaf.
 */
export function leafHash(leaf: Leaf): Uint8Array {
  return keccak_256(keccak_256(encodedLeaf(leaf)));
}

/** The 192 bytes that are hashed: six words, the salt in the fifth and the digest in the sixth. */
export function encodedLeaf(leaf: Leaf): Uint8Array {
  requireLength(leaf.cooperativeId, 32, 'the cooperative id');
  requireLength(leaf.salt, 32, 'the salt');
  requireLength(leaf.digest, 32, 'the digest');
  return concatBytes(
    TAG,
    word(LEAF_VERSION),
    leaf.cooperativeId,
    word(leafKinds[leaf.kind]),
    leaf.salt,
    leaf.digest,
  );
}

/** The 32 bytes that stand for a cooperative, on the chain and in every leaf: keccak256 of its code ("htx-…"). */
export function cooperativeIdOf(code: string): Uint8Array {
  return keccak_256(utf8ToBytes(code));
}

/** An unsigned number as abi.encode writes it: 32 bytes, big-endian. */
function word(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, value);
  return bytes;
}
