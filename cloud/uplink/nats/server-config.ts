import type { ClusterTls, ShownFiles } from './certificates.ts';
import { operatorClaim, systemAccountClaim, uplinkAccountClaim } from './claims.ts';
import type { ClusterKeys } from './keys.ts';

/** One nats-server of the cluster. */
export interface ServerNode {
  /** Its name in the cluster: fixed, because its part of the streams belongs to it. */
  readonly name: string;
  readonly host: string;
  readonly clientPort: number;
  readonly mqttPort: number;
  readonly routePort: number;
  /** Where it keeps streams and accounts. */
  readonly dataDir: string;
}

export interface ClusterOptions {
  readonly keys: ClusterKeys;
  readonly nodes: readonly ServerNode[];
  /** Between the servers. */
  readonly routePassword: string;
  readonly nowMs: number;
  /** Undefined: on a network of our own. */
  readonly tls?: ClusterTls;
  /** Undefined: each on its own `host`, which is this machine's. */
  readonly listen?: string;
}

/** What each nats-server is started with (`nats-server -c FILE`), written for 2.9, which Debian has. */
export function serverConfigs({ keys, nodes, ...options }: ClusterOptions): Map<string, string> {
  const issuedAtS = Math.floor(options.nowMs / 1000);
  const account = keys.account.getPublicKey();
  const system = keys.system.getPublicKey();
  const gatewaySigner = keys.gateways.getPublicKey();
  const accounts = {
    operator: operatorClaim(keys.operator, system, issuedAtS),
    system: [system, systemAccountClaim(keys.operator, system, issuedAtS)] as const,
    // Preloaded only, and as old as can be: what the cloud has sent, with revocations, stays when this is made again.
    uplink: [
      account,
      uplinkAccountClaim(keys.operator, { account, gatewaySigner, revocations: {} }, 1),
    ] as const,
  };
  const told = { ...options, accounts, nodes };
  return new Map(nodes.map((node) => [node.name, serverConfig(node, told)]));
}

/** The server's own two seconds are too short for a gateway behind 64 kbit/s and 600 ms. */
const HANDSHAKE_S = 15;

type Told = Omit<ClusterOptions, 'keys' | 'nowMs'> & {
  readonly accounts: {
    readonly operator: string;
    readonly system: readonly [string, string];
    readonly uplink: readonly [string, string];
  };
};

function serverConfig(node: ServerNode, { accounts, nodes, listen, tls, routePassword }: Told): string {
  const quoted = (text: string) => JSON.stringify(text);
  const secured = (files: ShownFiles, more = '') =>
    `tls { cert_file: ${quoted(files.cert)}, key_file: ${quoted(files.key)}, ${more}timeout: ${HANDSHAKE_S} }`;
  const shown = tls === undefined ? '' : secured(tls.shown);
  // Each server is a client of the others, and has to show a certificate too.
  const between = tls === undefined ? '' : secured(tls.between, `ca_file: ${quoted(tls.between.ca)}, `);
  const address = listen ?? node.host;
  const replicas = nodes.length >= 3 ? 3 : 1;
  const route = ({ host, routePort }: ServerNode) =>
    `nats://nongtin:${encodeURIComponent(routePassword)}@${host}:${routePort}`;
  const routes = nodes.filter((other) => other !== node).map((other) => quoted(route(other)));
  const cluster = `cluster {
  name: nongtin
  listen: ${quoted(`${address}:${node.routePort}`)}
  authorization { user: nongtin, password: ${quoted(routePassword)}, timeout: 5 }
  routes: [${routes.join(', ')}]
  no_advertise: true
  ${between}
}
`;
  return `# Made by "npm run nats"; a secret of the cluster stands in it: for this server's eyes only.
server_name: ${quoted(node.name)}
listen: ${quoted(`${address}:${node.clientPort}`)}
${shown}
max_payload: 2MB
jetstream { store_dir: ${quoted(`${node.dataDir}/jetstream`)} }

# The gateways' door. What the server itself keeps of an MQTT session is in memory: gateways subscribe anew when they
# connect, and resend what was not answered.
mqtt {
  listen: ${quoted(`${address}:${node.mqttPort}`)}
  stream_replicas: ${replicas}
  consumer_replicas: 1
  consumer_memory_storage: true
  consumer_inactive_threshold: "10m"
  ${shown}
}

operator: ${accounts.operator}
system_account: ${accounts.system[0]}
resolver { type: full, dir: ${quoted(`${node.dataDir}/accounts`)}, allow_delete: false, interval: "2m" }
resolver_preload {
  ${accounts.system[0]}: ${accounts.system[1]}
  ${accounts.uplink[0]}: ${accounts.uplink[1]}
}

${nodes.length === 1 ? '' : cluster}`;
}
