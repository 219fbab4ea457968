import { type Broker, type CredentialStore, createBroker } from '@nongtin/broker';
import { matchTopic, topicOf, type UplinkAnswer } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Receiver } from './receiver.ts';

export interface UplinkDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: CredentialStore;
  readonly receiver: Receiver;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/**
 * The gateways' MQTT door. A message's PUBACK goes out when the receiver has answered it, and the answer says what is
 * durable. The access list has made sure that a gateway speaks on its own topic only.
 */
export function createUplinkDoor(options: UplinkDoorOptions): Broker {
  const { host, port, credentials, receiver, clock, logger } = options;
  const broker: Broker = createBroker({
    ...{ host, port, portVariable: 'NONGTIN_UPLINK_PORT', logger },
    authenticate: (username, password) => credentials.verify(username, password),
    hook: {
      receive: async ({ topic, payload }) => {
        const matched = matchTopic(topic);
        if (matched?.name !== 'uplinkEntries') return;
        // Copied: it waits for its turn, and its memory belongs to the connection.
        const answer = await receiver.receive(matched.identity, Uint8Array.from(payload));
        // A gateway that woke up without a clock takes its time from here.
        const timed: UplinkAnswer = { ...answer, atMs: Math.trunc(clock.nowMs()) };
        await broker.publish(topicOf('uplinkAnswer', matched.identity), JSON.stringify(timed), { qos: 1 });
      },
    },
  });
  return broker;
}

/** Makes sure that this gateway may connect with this password; true when that changed something. */
export function allowGateway(credentials: CredentialStore, gateway: string, password: string): boolean {
  if (credentials.verify(gateway, Buffer.from(password))?.role === 'gateway') return false;
  credentials.issue(gateway, 'gateway', password);
  return true;
}
