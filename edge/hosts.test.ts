import { expect, it } from 'vitest';
import { isLoopback, reachableHosts } from './hosts.ts';

it.each(['localhost', 'LOCALHOST', 'farm.localhost', '127.0.0.1', '127.1.2.3', '::1'])(
  'under %s nobody reaches a machine but itself',
  (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(reachableHosts(host, ['farm.local'], ['192.168.1.5'])).toEqual([]);
  },
);

it.each(['192.168.1.5', 'localhost.farm.vn', 'mylocalhost', '::', 'fd00::1'])(
  'under %s others may reach it',
  (host) => expect(isLoopback(host)).toBe(false),
);

it('a door on all addresses is reached by the names that were given, then by IPv4, then by IPv6', () => {
  const machine = ['pi', 'pi.local', 'localhost', '127.0.0.1', '::1', 'fd00::5', '192.168.1.5'];
  const all = ['farm.example.org', '192.168.1.5', 'fd00::5'];
  expect(reachableHosts('0.0.0.0', ['farm.example.org'], machine)).toEqual(all);
  expect(reachableHosts('::', ['fd00::5'], machine)).toEqual(['fd00::5', '192.168.1.5']);
});

it('a door on one address is reached there', () => {
  expect(reachableHosts('192.168.1.5', [], ['192.168.1.5', '10.0.0.1'])).toEqual(['192.168.1.5']);
});
