import { id, keccak256 } from 'ethers';
import { expect, it } from 'vitest';
import { addressHash, cooperativeKeyId } from './cooperative-key.ts';

it('are what any tool for the chain computes, however the address is spelled, and never change', () => {
  const address = '0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F';
  expect(cooperativeKeyId(address)).toBe(id(`nongtin.cooperative-key/1/${address.toLowerCase()}`));
  expect(cooperativeKeyId(address)).toMatchInlineSnapshot(
    `"0xcbde6e1d93e0212db21646c9d16d66c318a8e04e83b4f3a55b44c1326f035906"`,
  );
  expect(addressHash(address)).toBe(keccak256(address));
  expect(() => cooperativeKeyId('0x12')).toThrow('20');
});
