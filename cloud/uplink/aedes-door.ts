import { type Broker, type CredentialStore, createBroker } from '@nongtin/broker';
import { matchTopic, topicOf } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { FromGateway, GatewayLogins, Takers, ToGateway, UplinkDoor, UplinkTls } from './door.ts';

/** Two thousand gateways, and their old connections for as long as nobody has noticed that these are dead. */
const MOST_CONNECTIONS = 5_000;

export interface AedesDoorOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined: there is no door over TLS. */
  readonly tlsPort?: number | undefined;
  /** Whether a certificate in this gateway's name lets it in: one that was revoked too, to be told. */
  readonly isKnown?: (gateway: string) => boolean;
  readonly credentials: CredentialStore;
  readonly takers: Takers;
  readonly logger: Logger;
}

/**
 * The gateways' MQTT door in this process. A message's PUBACK goes out when it is taken. The access list has made sure
 * that a gateway speaks on its own topics only.
 */
export class AedesDoor implements UplinkDoor {
  readonly broker: Broker;
  readonly logins: GatewayLogins;

  constructor({ host, port, tlsPort, isKnown, credentials, takers, logger }: AedesDoorOptions) {
    this.broker = createBroker({
      ...{ host, port, portVariable: 'NONGTIN_UPLINK_PORT', logger },
      limits: { connections: MOST_CONNECTIONS },
      ...(tlsPort === undefined ? {} : { tls: { port: tlsPort, portVariable: 'NONGTIN_UPLINK_TLS_PORT' } }),
      authenticatePeer: ({ id }) => (isKnown?.(id) ? { id, role: 'gateway' } : undefined),
      authenticate: (username, password) => credentials.verify(username, password),
      hook: {
        receive: async ({ topic, payload }) => {
          const matched = matchTopic(topic);
          if (matched === undefined || !isTaken(takers, matched.name)) return;
          // Copied: it waits for its turn, and its memory belongs to the connection.
          await takers[matched.name](matched.identity, Uint8Array.from(payload));
        },
      },
    });
    this.logins = {
      allow: async (gateway, password) => {
        if (password !== undefined && !allowGateway(credentials, gateway, password)) return password;
        const issued = password ?? credentials.issue(gateway, 'gateway');
        this.broker.disconnect(gateway);
        return issued;
      },
      disconnect: async (gateway) => this.broker.disconnect(gateway),
    };
  }

  get port(): number {
    return this.broker.port;
  }

  /** Once it is open. */
  get tlsPort(): number | undefined {
    return this.broker.tlsPort;
  }

  start(): Promise<void> {
    return this.broker.start();
  }

  secure(credentials: UplinkTls): Promise<void> {
    return this.broker.secure(credentials);
  }

  stop(): Promise<void> {
    return this.broker.stop();
  }

  send(gateway: string, name: ToGateway, message: object): Promise<void> {
    return this.broker.publish(topicOf(name, gateway), JSON.stringify(message), { qos: 1 });
  }
}

function isTaken(takers: Takers, name: string): name is FromGateway {
  return Object.hasOwn(takers, name);
}

/** Makes sure that this gateway may connect with this password; true when that changed something. */
export function allowGateway(credentials: CredentialStore, gateway: string, password: string): boolean {
  if (credentials.verify(gateway, Buffer.from(password))?.role === 'gateway') return false;
  credentials.issue(gateway, 'gateway', password);
  return true;
}
