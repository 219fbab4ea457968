import { keccak_256 } from '@noble/hashes/sha3.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { fromHex, type Hex, toHex } from './bytes.ts';

/**
 * Under which id the registry has a cooperative's signing key: whoever recovered its address from a signature finds it. An
 * address is used once; the registry takes an id once.
 */
export function cooperativeKeyId(address: Hex): Hex {
  const lower = toHex(fromHex(address, 20));
  return toHex(keccak_256(utf8ToBytes(`nongtin.cooperative-key/1/${lower}`)));
}

/** keccak256 of the address's 20 bytes: what the registry keeps as publicKeyHash of a key of this kind. */
export function addressHash(address: Hex): Hex {
  return toHex(keccak_256(fromHex(address, 20)));
}
