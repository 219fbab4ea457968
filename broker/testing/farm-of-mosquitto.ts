import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { type CredentialStore, openCredentials } from '../credentials.ts';
import {
  createExternalBroker,
  type ExternalBroker,
  type ExternalBrokerOptions,
} from '../external/external.ts';
import type { DurabilityHook } from '../inbox.ts';
import { writeMosquittoFiles } from '../mosquitto/files.ts';
import { mosquittoHash } from '../mosquitto/password.ts';
import type { BrokerUnderTest } from './broker-under-test.ts';
import { Mosquitto } from './mosquitto.ts';

export const PEOPLE = {
  'valve-1': 'device',
  'valve-2': 'device',
  'zb-1': 'bridge',
  an: 'technician',
} as const;

/** Short, so that no test waits for it. */
const timing = {
  connectMs: 2_000,
  pingMs: 5_000,
  retryMs: 5,
  mostRetryMs: 50,
  refusedMs: 50,
  markerMs: 5_000,
};

/** Ourselves as the client of a real Mosquitto that has our files; devices speak to that one. */
export class FarmOfMosquitto implements BrokerUnderTest {
  readonly mosquitto: Mosquitto;
  readonly credentials: CredentialStore;
  readonly login = { username: 'nongtin', password: 'secret-of-the-gateway' };
  readonly #passwords = new Map<string, string>();
  readonly #clients: MqttClient[] = [];
  broker!: ExternalBroker;

  private constructor(mosquitto: Mosquitto) {
    this.mosquitto = mosquitto;
    const store = openCredentials({ path: join(mosquitto.folder, 'credentials.json') });
    this.credentials = {
      ...bound(store),
      issue: (id, role, password) => {
        const issued = store.issue(id, role, password);
        this.#passwords.set(id, issued);
        return issued;
      },
    };
    for (const [id, role] of Object.entries(PEOPLE)) this.credentials.issue(id, role);
    this.writeFiles();
  }

  /** Mosquitto runs, and we are connected to it. */
  static async open(
    hook: DurabilityHook,
    more: Partial<ExternalBrokerOptions> = {},
  ): Promise<FarmOfMosquitto> {
    const farm = await FarmOfMosquitto.prepare();
    await farm.mosquitto.start();
    await farm.connect(hook, more);
    return farm;
  }

  /** Nothing runs yet. */
  static async prepare(): Promise<FarmOfMosquitto> {
    return new FarmOfMosquitto(await Mosquitto.prepare());
  }

  /** A client of the broker that is not started yet. */
  build(hook: DurabilityHook, more: Partial<ExternalBrokerOptions> = {}): ExternalBroker {
    this.broker = createExternalBroker({
      target: { host: '127.0.0.1', port: this.mosquitto.port, tls: undefined, ...this.login },
      clientId: 'nongtin-test',
      people: () => this.credentials.list(),
      ...{ hook, timing, drainMs: 200, logger: pino({ level: 'silent' }), clock: { nowMs: Date.now } },
      ...more,
    });
    return this.broker;
  }

  async connect(hook: DurabilityHook, more: Partial<ExternalBrokerOptions> = {}): Promise<void> {
    const connected = Promise.withResolvers<void>();
    const broker = this.build(hook, {
      ...more,
      onReach: (reach) => {
        if (reach.connected) connected.resolve();
        more.onReach?.(reach);
      },
    });
    await broker.start();
    await connected.promise;
  }

  readonly client = async (identity: string, options: IClientOptions = {}): Promise<MqttClient> => {
    const client = await connectAsync({
      ...{ host: '127.0.0.1', port: this.mosquitto.port, protocol: 'mqtt', reconnectPeriod: 0 },
      ...{ username: identity, password: this.#passwords.get(identity) ?? '' },
      ...options,
    });
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  };

  readonly again = async (hook: DurabilityHook): Promise<void> => {
    await this.broker.stop();
    await this.connect(hook);
  };

  readonly settle = async (): Promise<void> => {
    this.writeFiles();
    this.broker.refresh();
    await this.mosquitto.reload();
  };

  writeFiles(): void {
    const { username, password } = this.login;
    writeMosquittoFiles(this.mosquitto.folder, this.credentials, {
      username,
      mosquitto: mosquittoHash(password),
    });
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.end(true);
    await this.broker?.stop();
    await this.mosquitto.remove();
  }
}

/** Its methods are found on its class, where no spread finds them. */
function bound(store: CredentialStore): CredentialStore {
  return {
    verify: (username, password) => store.verify(username, password),
    issue: (id, role, password) => store.issue(id, role, password),
    revoke: (id, mayReturn) => store.revoke(id, mayReturn),
    isRevoked: (id) => store.isRevoked(id),
    list: () => store.list(),
    mosquittoHashes: () => store.mosquittoHashes(),
    onChange: (listener) => store.onChange(listener),
  };
}
