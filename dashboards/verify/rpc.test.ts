import { expect, it } from 'vitest';
import { endpoints } from './rpc.ts';

it('asks the chain directly on the machine it runs on, and our relay last', () => {
  expect(endpoints(['http://localhost:8545'], 'localhost')).toEqual([
    { url: 'http://localhost:8545', ours: false },
    { url: '/rpc', ours: true },
  ]);
});

it('does not send a phone to its own loopback address', () => {
  expect(endpoints(['http://localhost:8545'], '192.168.1.20')).toEqual([{ url: '/rpc', ours: true }]);
});

it('uses a public endpoint from anywhere, and ignores what is no address', () => {
  expect(endpoints(['https://rpc.example.org', 'nonsense'], '192.168.1.20')).toEqual([
    { url: 'https://rpc.example.org', ours: false },
    { url: '/rpc', ours: true },
  ]);
});

it('calls an endpoint on the page’s own host ours, and asks somebody else’s first', () => {
  expect(
    endpoints(['https://trace.example.vn/chain', 'https://rpc.example.org'], 'trace.example.vn'),
  ).toEqual([
    { url: 'https://rpc.example.org', ours: false },
    { url: 'https://trace.example.vn/chain', ours: true },
    { url: '/rpc', ours: true },
  ]);
});
