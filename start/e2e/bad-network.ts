import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** How bad, each way: a farm at the edge of its mobile network. */
const NETEM = ['netem', 'delay', '300ms', 'rate', '64kbit', 'loss', '2%'];

interface Side {
  /** Name of its network namespace. */
  readonly namespace: string;
  readonly address: string;
}

/**
 * Two network namespaces with one bad link between them, made by the kernel (`tc netem`). The cloud's side is reached from
 * here too, over a good one. Addresses are of the range for measuring networks (RFC 2544), which nobody routes.
 */
export interface BadNetwork {
  readonly gateway: Side;
  readonly cloud: Side;
  /** Of the cloud's side, as this process reaches it. */
  readonly cloudFromHere: string;
  /** What has gone over the bad link so far, bytes: from the gateway, and to it. */
  carried(): { readonly up: number; readonly down: number };
  remove(): void;
}

/** Why there can be no such network here, in a few words; undefined: there can. */
export function missingForBadNetwork(): string | undefined {
  if (program('ip') === undefined || program('tc') === undefined) return 'no iproute2';
  if (process.getuid?.() !== 0) return 'not root';
  const probe = nameOf('p');
  try {
    run('ip', 'netns', 'add', probe);
  } catch {
    return 'no network namespaces here';
  }
  try {
    run('tc', '-n', probe, 'qdisc', 'add', 'dev', 'lo', 'root', ...NETEM);
    return undefined;
  } catch {
    return 'no sch_netem in this kernel';
  } finally {
    run('ip', 'netns', 'del', probe);
  }
}

export function openBadNetwork(): BadNetwork {
  const net = `198.18.${process.pid & 255}`;
  const gateway = { namespace: nameOf('g'), address: `${net}.1` };
  const cloud = { namespace: nameOf('c'), address: `${net}.2` };
  const [up, down, near, far] = [nameOf('u'), nameOf('d'), nameOf('n'), nameOf('f')];
  const remove = () => {
    // With a namespace go its ends of the links, and with them the others.
    for (const { namespace } of [gateway, cloud])
      if (existsSync(join('/run/netns', namespace))) run('ip', 'netns', 'del', namespace);
  };
  try {
    for (const { namespace } of [gateway, cloud]) run('ip', 'netns', 'add', namespace);
    run('ip', '-n', gateway.namespace, ...link(up, down, cloud.namespace));
    run('ip', ...link(near, far, cloud.namespace));
    bring(['-n', gateway.namespace], up, `${gateway.address}/30`);
    bring(['-n', cloud.namespace], down, `${cloud.address}/30`);
    bring([], near, `${net}.5/30`);
    bring(['-n', cloud.namespace], far, `${net}.6/30`);
    bring(['-n', cloud.namespace], 'lo');
    run('tc', '-n', gateway.namespace, 'qdisc', 'add', 'dev', up, 'root', ...NETEM);
    run('tc', '-n', cloud.namespace, 'qdisc', 'add', 'dev', down, 'root', ...NETEM);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    ...{ gateway, cloud, cloudFromHere: `${net}.6`, remove },
    carried: () => ({ up: bytesOver(gateway.namespace, up), down: bytesOver(cloud.namespace, down) }),
  };
}

function link(name: string, peer: string, namespace: string): string[] {
  return ['link', 'add', name, 'type', 'veth', 'peer', 'name', peer, 'netns', namespace];
}

function bring(where: readonly string[], device: string, address?: string): void {
  if (address !== undefined) run('ip', ...where, 'address', 'add', address, 'dev', device);
  run('ip', ...where, 'link', 'set', device, 'up');
}

function bytesOver(namespace: string, device: string): number {
  const told = run('tc', '-n', namespace, '-s', '-j', 'qdisc', 'show', 'dev', device);
  return (JSON.parse(told) as { bytes: number }[])[0]?.bytes ?? 0;
}

/** Of this process alone; an interface's has 15 letters at most. */
function nameOf(what: string): string {
  return `nt${process.pid}${what}`;
}

function run(name: 'ip' | 'tc', ...args: readonly string[]): string {
  return execFileSync(program(name) ?? name, args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Where Debian puts them, which is not in everybody's PATH. */
export function program(name: 'ip' | 'tc'): string | undefined {
  return ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].map((folder) => join(folder, name)).find(existsSync);
}
