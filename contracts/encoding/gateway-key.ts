import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Hex, toHex } from './bytes.ts';

/** What a key of the CooperativeRegistry signs. Numbers are given once and for ever: add at the end, never reuse. */
export const keyKinds = {
  /** The journal of a gateway, Ed25519. */
  gateway: 1,
  /** Records of a cooperative by EIP-712, secp256k1 (cooperative-signature.ts). */
  cooperative: 2,
} as const;

/**
 * Under which id the registry has a gateway's key: whoever knows the gateway's name finds it. A gateway has one key in its
 * life, and the registry takes an id once.
 */
export function gatewayKeyId(gatewayId: string): Hex {
  return toHex(keccak_256(utf8ToBytes(`nongtin.gateway-key/1/${gatewayId}`)));
}

/** keccak256 of the 32 bytes of an Ed25519 public key (64 hex digits), as the registry keeps it. */
export function publicKeyHash(publicKey: string): Hex {
  return toHex(keccak_256(hexToBytes(publicKey)));
}
