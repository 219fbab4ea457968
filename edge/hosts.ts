import { isIP, isIPv6 } from 'node:net';
import { namesOfMachine } from '@nongtin/broker';

const EVERYWHERE = ['0.0.0.0', '::'];

/** Whether only this machine itself is reached under this host. */
export function isLoopback(host: string): boolean {
  return /^(localhost|(.+\.)?localhost\.?|127\.\d+\.\d+\.\d+|::1)$/i.test(host);
}

/**
 * Where devices may reach a door of this machine that is bound to this address, the likeliest first: the names that a person
 * gave, then the machine's addresses, IPv4 before IPv6. Empty: no device can.
 */
export function reachableHosts(
  boundTo: string,
  names: readonly string[],
  ofMachine: readonly string[] = namesOfMachine(),
): string[] {
  if (isLoopback(boundTo)) return [];
  const addresses = ofMachine.filter((name) => isIP(name) !== 0 && !isLoopback(name));
  const own = EVERYWHERE.includes(boundTo)
    ? addresses.sort((one, other) => Number(isIPv6(one)) - Number(isIPv6(other)))
    : [boundTo];
  return [...new Set([...names, ...own])];
}
