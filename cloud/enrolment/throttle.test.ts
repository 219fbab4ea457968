import { describe, expect, it } from 'vitest';
import { networkOf } from './throttle.ts';

describe('the network of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::5:6:7:8', '2001:db8:0:0'],
    ['2001:db8:0:0:1::', '2001:db8:0:0'],
    ['2001:DB8::1', '2001:db8:0:0'],
    // Zeros before the last group of the network, not after it.
    ['2001::1:0:0:1:1', '2001:0:0:1'],
    ['2001::2:0:0:1:1', '2001:0:0:2'],
    ['::1', '0:0:0:0'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('of %s is %s, however the address is written', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('is wider when whole sites are asked for', () => {
    expect(networkOf('2001:db8:1:2::1', 48)).toBe('2001:db8:1');
    expect(networkOf('203.0.113.7', 48)).toBe('203.0.113.7');
  });
});
