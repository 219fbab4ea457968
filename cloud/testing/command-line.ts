import { randomUUID } from 'node:crypto';
import { type CommandOutcome, type CommandStep, type RemoteCommand, topicOf } from '@nongtin/broker/wire';
import { connectAsync, type MqttClient } from 'mqtt';

/** The gateway's end of the conversation about commands. */
export class CommandLine {
  /** Every command that has come, in order. */
  readonly received: RemoteCommand[] = [];
  readonly #client: MqttClient;
  readonly #gateway: string;
  readonly #connection: string;

  private constructor(client: MqttClient, gateway: string, connection: string) {
    this.#client = client;
    this.#connection = connection;
    this.#gateway = gateway;
    client.on('message', (_topic, payload) => {
      this.received.push(JSON.parse(payload.toString()) as RemoteCommand);
    });
  }

  static async connect(url: string, gateway: string, password: string): Promise<CommandLine> {
    const connection = randomUUID();
    const will = JSON.stringify({ ready: false, connection, clockTrusted: false });
    const options = { username: gateway, password, reconnectPeriod: 0, clientId: `commands-${gateway}` };
    const topic = topicOf('gatewayOutcome', gateway);
    const client = await connectAsync(
      url,
      { ...options, will: { topic, payload: Buffer.from(will), qos: 1, retain: false } },
      false,
    );
    const line = new CommandLine(client, gateway, connection);
    await client.subscribeAsync(topicOf('gatewayCommand', gateway), { qos: 0 });
    return line;
  }

  /** Resolves when the cloud has taken it, and so has sent what waited. */
  ready(clockTrusted = true): Promise<unknown> {
    return this.say({ ready: true, connection: this.#connection, clockTrusted });
  }

  tell(commandId: string, step: CommandStep, more: Partial<CommandOutcome> = {}): Promise<unknown> {
    return this.say({ commandId, step, atMs: Date.now(), ...more });
  }

  say(message: object | string): Promise<unknown> {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    return this.#client.publishAsync(topicOf('gatewayOutcome', this.#gateway), text, { qos: 1 });
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
