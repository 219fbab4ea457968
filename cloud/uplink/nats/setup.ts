import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { explainProblem, StartProblem, writeDurably } from '@nongtin/service';
import { distrust, type GivenCertificate, writeCertificates } from './certificates.ts';
import { makeKeys } from './keys.ts';
import { type ServerNode, serverConfigs } from './server-config.ts';

/** What is asked for on the command line. */
export interface ClusterPlan {
  readonly folder: string;
  readonly nodes: readonly ServerNode[];
  /** Undefined: each on its own host, which is this machine's. */
  readonly listen?: string;
  /** `own`: made here. */
  readonly tls: 'own' | 'none' | GivenCertificate;
  /** A host name that stands for all servers, as gateways know it. */
  readonly uplink?: string;
}

const USAGE = `npm run nats -- FOLDER --hosts HOST[,HOST,HOST] [--uplink HOST]
    [--cert FILE --key FILE [--ca FILE] | --plain] [--data FOLDER]

Makes the keys of a NATS cluster, once, and what each of its servers is started with. One server or three; a host that is
named again gets ports of its own (+10), to try it on one machine.
  --uplink       the one name by which gateways find whichever server is there
  --cert, --key  a certificate of somebody else's for gateways and workers: these files, on each server's machine
  --ca           who signed it, a file here, when that is no public authority
  --plain        no TLS: for a network of your own only, because gateways' logins could be read on the way
  --data         where each server keeps what it holds; /var/lib/nongtin-nats`;

const options = {
  hosts: { type: 'string' },
  uplink: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  ca: { type: 'string' },
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
  const { uplink } = values;
  const strange = [...hosts, ...(uplink === undefined ? [] : [uplink])].find(
    (host) => !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host),
  );
  if (strange !== undefined) throw new StartProblem(`${strange} is no host name or IPv4 address.`);
  const local = hosts.every((host) => host === 'localhost' || /^127\./.test(host));
  const data = values.data ?? (local ? resolve(folder) : '/var/lib/nongtin-nats');
  return {
    folder: resolve(folder),
    nodes: hosts.map((host, index) => nodeOf(host, index, hosts, data)),
    ...(local ? {} : { listen: '0.0.0.0' }),
    tls: tlsOf(values),
    ...(uplink === undefined ? {} : { uplink }),
  };
}

function tlsOf({ cert, key, ca, plain }: ReturnType<typeof parse>['values']): ClusterPlan['tls'] {
  if ((cert === undefined) !== (key === undefined)) throw new StartProblem('Give --cert and --key together.');
  if (ca !== undefined && cert === undefined)
    throw new StartProblem('--ca is who signed --cert: give that too.');
  if (plain && cert !== undefined) throw new StartProblem('Give --plain or a certificate, not both.');
  if (cert === undefined || key === undefined) return plain ? 'none' : 'own';
  const files = { cert: resolve(cert), key: resolve(key) };
  return ca === undefined ? files : { ...files, ca: resolve(ca) };
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

/** Writes keys that are missing, and certificates and configurations anew. Tells what to do with them. */
export async function setUpCluster(plan: ClusterPlan, nowMs: number): Promise<string> {
  const { folder, nodes, listen } = plan;
  const keysFolder = join(folder, 'keys');
  try {
    // For all to look into, as the server's own user must; what is in it is for its owner alone.
    mkdirSync(folder, { recursive: true });
    const keys = makeKeys(keysFolder, nowMs);
    const told = {
      ...{ keys, nodes, nowMs, ...(listen && { listen }) },
      routePassword: routePassword(join(keysFolder, 'route.secret')),
    };
    const tls = await certificatesOf(plan, nowMs);
    for (const [name, text] of serverConfigs({ ...told, ...(tls && { tls }) }))
      writeDurably(join(folder, `${name}.conf`), text);
    return whatToDo(plan, tls?.validToMs);
  } catch (error) {
    throw explainProblem(error, { path: folder });
  }
}

async function certificatesOf({ folder, nodes, tls, uplink }: ClusterPlan, nowMs: number) {
  const keysFolder = join(folder, 'keys');
  if (tls === 'none') {
    distrust(keysFolder);
    return undefined;
  }
  const filesFolder = join(folder, 'tls');
  mkdirSync(filesFolder, { recursive: true, mode: 0o700 });
  const names = [...nodes.map(({ host }) => host), ...(uplink === undefined ? [] : [uplink])];
  const order = { keysFolder, folder: filesFolder, names, ...(tls === 'own' ? {} : { given: tls }) };
  return writeCertificates(order, nowMs);
}

function whatToDo({ folder, nodes, tls, uplink }: ClusterPlan, validToMs: number | undefined): string {
  const [nats, mqtt] = tls === 'none' ? ['nats', 'mqtt'] : ['tls', 'mqtts'];
  const [first] = nodes;
  const urls = nodes.map(({ host, clientPort }) => `${nats}://${host}:${clientPort}`);
  const workersFiles = tls === 'none' ? 'worker.creds' : 'worker.creds and, where it is, ca.pem';
  return [
    ...nodes.map(({ name, host }) => `on ${host}:  nats-server -c ${join(folder, `${name}.conf`)}`),
    ...(tls === 'none' ? [] : [`each with ${join(folder, 'tls')}/, under the same name there`]),
    'for the cloud and its workers:',
    `  NONGTIN_NATS_URL=${urls.join(',')}`,
    `  NONGTIN_NATS_KEYS=${join(folder, 'keys')}    (a worker alone needs ${workersFiles})`,
    'for the cloud, so that gateways are told where to connect:',
    `  NONGTIN_UPLINK_PUBLIC_URL=${mqtt}://${uplink ?? first?.host}:${first?.mqttPort}`,
    ...(validToMs === undefined
      ? []
      : [`The certificate made here ends on ${new Date(validToMs).toISOString().slice(0, 10)}.`]),
  ].join('\n');
}

function routePassword(path: string): string {
  if (!existsSync(path)) writeDurably(path, randomBytes(24).toString('hex'), 'wx');
  return readFileSync(path, 'utf8');
}
