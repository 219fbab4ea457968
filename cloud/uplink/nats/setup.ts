import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { explainProblem, StartProblem, writeDurably } from '@nongtin/service';
import { makeKeys } from './keys.ts';
import { type ServerNode, serverConfigs } from './server-config.ts';

/** What is asked for on the command line. */
export interface ClusterPlan {
  readonly folder: string;
  readonly nodes: readonly ServerNode[];
  readonly listen: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

const USAGE = `npm run nats -- FOLDER --hosts HOST[,HOST,HOST] [--cert FILE --key FILE | --plain] [--data FOLDER]

Makes the keys of a NATS cluster, once, and what each of its servers is started with. One server or three; a host that is
named again gets ports of its own (+10), to try it on one machine.
  --cert, --key  TLS for gateways, workers and between the servers: these files, on each server's machine
  --plain        no TLS: for a network of your own only, because gateways' logins could be read on the way
  --data         where each server keeps what it holds; /var/lib/nongtin-nats`;

const options = {
  hosts: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  plain: { type: 'boolean', default: false },
  data: { type: 'string' },
} as const;

export function planCluster(args: readonly string[]): ClusterPlan {
  const { values, positionals } = parse(args);
  const hosts = (values.hosts ?? '').split(',').filter((host) => host !== '');
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0 || hosts.length === 0) throw new StartProblem(USAGE);
  if (hosts.length !== 1 && hosts.length !== 3)
    throw new StartProblem(`${hosts.length} servers: name one, or three, of which one may fail.`);
  const strange = hosts.find((host) => !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host));
  if (strange !== undefined) throw new StartProblem(`${strange} is no host name or IPv4 address.`);
  const local = hosts.every((host) => host === 'localhost' || /^127\./.test(host));
  const { cert, key, plain } = values;
  if ((cert === undefined) !== (key === undefined)) throw new StartProblem('Give --cert and --key together.');
  if (!local && cert === undefined && !plain)
    throw new StartProblem(
      `Servers on other machines need --cert and --key; --plain on a network of your own.\n\n${USAGE}`,
    );
  const data = values.data ?? (local ? resolve(folder) : '/var/lib/nongtin-nats');
  return {
    folder: resolve(folder),
    nodes: hosts.map((host, index) => nodeOf(host, index, hosts, data)),
    listen: local ? '127.0.0.1' : '0.0.0.0',
    ...(cert === undefined || key === undefined ? {} : { tls: { cert, key } }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new StartProblem(`${(error as Error).message}\n\n${USAGE}`);
  }
}

/** The usual ports of NATS, and for gateways the one that they use anyway. */
const PORTS = { clientPort: 4222, mqttPort: 1884, routePort: 6222 };

function nodeOf(host: string, index: number, hosts: readonly string[], data: string): ServerNode {
  const further = 10 * hosts.slice(0, index).filter((other) => other === host).length;
  const name = `nats-${index + 1}`;
  return {
    ...{ name, host, dataDir: join(data, name) },
    clientPort: PORTS.clientPort + further,
    mqttPort: PORTS.mqttPort + further,
    routePort: PORTS.routePort + further,
  };
}

/** Writes keys that are missing, and the servers' configurations anew. Tells what to do with them. */
export function setUpCluster({ folder, nodes, listen, tls }: ClusterPlan, nowMs: number): string {
  const keysFolder = join(folder, 'keys');
  const keys = makeKeys(keysFolder, nowMs);
  const told = { keys, nodes, listen, nowMs, routePassword: routePassword(join(keysFolder, 'route.secret')) };
  const configs = serverConfigs({ ...told, ...(tls === undefined ? {} : { tls }) });
  try {
    for (const [name, text] of configs) writeDurably(join(folder, `${name}.conf`), text);
  } catch (error) {
    throw explainProblem(error, { path: folder });
  }
  const scheme = tls === undefined ? 'nats' : 'tls';
  const urls = nodes.map(({ host, clientPort }) => `${scheme}://${host}:${clientPort}`);
  return [
    ...nodes.map(({ name, host }) => `on ${host}:  nats-server -c ${join(folder, `${name}.conf`)}`),
    'for the cloud and its workers:',
    `  NONGTIN_NATS_URL=${urls.join(',')}`,
    `  NONGTIN_NATS_KEYS=${keysFolder}    (a worker alone needs worker.creds of it)`,
    'gateways connect to:',
    `  ${nodes.map(({ host, mqttPort }) => `${tls === undefined ? 'mqtt' : 'mqtts'}://${host}:${mqttPort}`).join(' ')}`,
  ].join('\n');
}

function routePassword(path: string): string {
  if (!existsSync(path)) writeDurably(path, randomBytes(24).toString('hex'), 'wx');
  return readFileSync(path, 'utf8');
}
