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
  /** Files of a certificate and its key, the same names on each machine. Undefined: on loopback or a network of our own. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Beside loopback, every address of the machine. */
  readonly listen: string;
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
    // Preloaded only: what the cloud sends later, with revocations, is newer and stays.
    uplink: [
      account,
      uplinkAccountClaim(keys.operator, { account, gatewaySigner, revocations: {} }, issuedAtS),
    ] as const,
  };
  const told = { ...options, accounts, nodes };
  return new Map(nodes.map((node) => [node.name, serverConfig(node, told)]));
}

type Told = Omit<ClusterOptions, 'keys' | 'nowMs'> & {
  readonly accounts: {
    readonly operator: string;
    readonly system: readonly [string, string];
    readonly uplink: readonly [string, string];
  };
};

function serverConfig(node: ServerNode, { accounts, nodes, listen, tls, routePassword }: Told): string {
  const quoted = (text: string) => JSON.stringify(text);
  const secured =
    tls === undefined ? '' : `tls { cert_file: ${quoted(tls.cert)}, key_file: ${quoted(tls.key)} }`;
  const replicas = nodes.length >= 3 ? 3 : 1;
  const route = ({ host, routePort }: ServerNode) =>
    `nats://nongtin:${encodeURIComponent(routePassword)}@${host}:${routePort}`;
  const routes = nodes.filter((other) => other !== node).map((other) => quoted(route(other)));
  const cluster = `cluster {
  name: nongtin
  listen: ${quoted(`${listen}:${node.routePort}`)}
  authorization { user: nongtin, password: ${quoted(routePassword)}, timeout: 5 }
  routes: [${routes.join(', ')}]
  no_advertise: true
  ${secured}
}
`;
  return `# Made by "npm run nats"; a secret of the cluster stands in it: for this server's eyes only.
server_name: ${quoted(node.name)}
listen: ${quoted(`${listen}:${node.clientPort}`)}
${secured}
max_payload: 2MB
jetstream { store_dir: ${quoted(`${node.dataDir}/jetstream`)} }

# The gateways' door. What the server itself keeps of an MQTT session is in memory: gateways subscribe anew when they
# connect, and resend what was not answered.
mqtt {
  listen: ${quoted(`${listen}:${node.mqttPort}`)}
  stream_replicas: ${replicas}
  consumer_replicas: 1
  consumer_memory_storage: true
  consumer_inactive_threshold: "10m"
  ${secured}
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
