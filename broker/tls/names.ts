import { isIP, isIPv6 } from 'node:net';
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { StartProblem } from '@nongtin/service';

/** Labels as DNS has them; `_` too, since machines are called so. The last is no number, or it would be an address. */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** `nongtin.local` is what a gateway is called in the documentation. */
const ALWAYS = ['localhost', 'nongtin.local', '127.0.0.1', '::1'];

/**
 * The names and addresses under which devices may reach this machine now. Without link-local IPv6 addresses: they mean
 * something only together with the name of the asker's own interface, which a certificate cannot hold.
 */
export function namesOfMachine(
  host: string = hostname(),
  interfaces: Readonly<Record<string, NetworkInterfaceInfo[] | undefined>> = networkInterfaces(),
): string[] {
  const short = host.split('.', 1)[0] ?? '';
  const addresses = Object.values(interfaces)
    .flatMap((addressesOfOne) => addressesOfOne ?? [])
    .filter(({ internal, address }) => !internal && !isLinkLocal(address))
    .map(({ address }) => address);
  const names = [host, short, `${short}.local`].map(oneSpelling).filter((name) => HOST_NAME.test(name));
  return [...new Set([...names, ...ALWAYS, ...addresses.map(oneSpelling)])];
}

/** The same names, each once and in one spelling. A StartProblem names what is neither a host name nor an address. */
export function checkedNames(names: readonly string[]): string[] {
  const spelled = names.map((name) => {
    const one = oneSpelling(name);
    if (HOST_NAME.test(one) || (isIP(one) !== 0 && !isLinkLocal(one))) return one;
    throw new StartProblem(
      `'${name}' cannot stand in a certificate: give host names such as farm.example.org, and addresses such as 192.168.1.5 or fd00::5.`,
    );
  });
  return [...new Set(spelled)];
}

function oneSpelling(name: string): string {
  if (isIPv6(name) && !name.includes('%')) return new URL(`http://[${name}]`).hostname.slice(1, -1);
  return name.toLowerCase().replace(/\.$/, '');
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]|%/i.test(address) && isIPv6(address);
}
