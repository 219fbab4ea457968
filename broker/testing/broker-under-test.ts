import type { IClientOptions, MqttClient } from 'mqtt';
import type { CredentialStore } from '../credentials.ts';
import type { DurabilityHook } from '../inbox.ts';
import type { FarmBroker } from '../port.ts';

/** One broker with its surroundings, and clients that end with it. */
export interface BrokerUnderTest {
  readonly broker: FarmBroker;
  readonly credentials: CredentialStore;
  /** Signs in with its own password, at MQTT 3.1.1; rejects when it is not let in. */
  client(identity: string, options?: IClientOptions): Promise<MqttClient>;
  /** Ends our side without another word to devices, and starts it again as a new process would, on the same data. */
  again(hook: DurabilityHook): Promise<void>;
  /** Credentials have changed; resolves when the broker that devices speak to knows. */
  settle(): Promise<void>;
  close(): Promise<void>;
}
