import { id, keccak256 } from 'ethers';
import { expect, it } from 'vitest';
import { gatewayKeyId, publicKeyHash } from './gateway-key.ts';

it('are what any tool for the chain computes, and never change', () => {
  expect(gatewayKeyId('gw-demo')).toBe(id('nongtin.gateway-key/1/gw-demo'));
  expect(gatewayKeyId('gw-demo')).toBe('0x8fcd66109811fede0674aef5b18aca71f37babbf5d268d47708574fc93b7f464');
  const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
  expect(publicKeyHash(publicKey)).toBe(keccak256(`0x${publicKey}`));
});
