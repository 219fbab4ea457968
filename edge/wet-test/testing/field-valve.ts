import type { MqttClient } from 'mqtt';

/** What one of these simulated valves does wrong. */
export type Fault = 'none' | 'ignores_its_lease' | 'litres_an_hour' | 'gone_while_open';

const LITRES_A_MINUTE = 38;

/**
 * A valve of ours with its meter, over a real connection, on the clock that the test moves: `passes` tells it that so many
 * seconds have gone by.
 */
export class FieldValve {
  readonly commands: { id: string; action: string; durationSeconds?: number }[] = [];
  readonly #client: MqttClient;
  readonly #id: string;
  readonly #fault: Fault;
  #openFor: number | null = null;
  #lease = 0;
  #litres = 100;
  #commandId: string | undefined;

  constructor(client: MqttClient, id: string, fault: Fault = 'none') {
    this.#client = client;
    this.#id = id;
    this.#fault = fault;
  }

  async start(): Promise<void> {
    const topic = `nongtin/v1/${this.#id}/valve/command`;
    this.#client.on('message', (_topic, payload) => this.#obey(JSON.parse(payload.toString())));
    await this.#client.subscribeAsync(topic, { qos: 1 });
    await this.#client.publishAsync(`nongtin/v1/${this.#id}/status`, 'online', { qos: 1, retain: true });
    await this.#tell('closed', 'boot');
  }

  get isOpen(): boolean {
    return this.#openFor !== null;
  }

  async passes(seconds: number): Promise<void> {
    if (this.#openFor === null || this.#fault === 'gone_while_open') return;
    const open = Math.min(seconds, this.#lease - this.#openFor);
    this.#litres += (LITRES_A_MINUTE * (this.#fault === 'ignores_its_lease' ? seconds : open)) / 60;
    this.#openFor += seconds;
    if (this.#openFor < this.#lease || this.#fault === 'ignores_its_lease')
      return this.#tell('open', 'periodic');
    this.#openFor = null;
    return this.#tell('closed', 'lease_ended');
  }

  #obey(command: { id: string; action: string; durationSeconds?: number }): void {
    this.commands.push(command);
    if (this.#fault === 'gone_while_open' && this.isOpen) return;
    this.#commandId = command.id;
    this.#openFor = command.action === 'open' ? 0 : null;
    this.#lease = command.durationSeconds ?? 0;
    // A test that is over has taken the connection away.
    this.#tell(command.action === 'open' ? 'open' : 'closed', 'command').catch(() => {});
  }

  async #tell(state: 'open' | 'closed', cause: string): Promise<void> {
    const factor = this.#fault === 'litres_an_hour' ? 60 : 1;
    const report = {
      ...{ state, cause, ...(this.#commandId === undefined ? {} : { commandId: this.#commandId }) },
      flowLitresPerMinute: state === 'open' ? LITRES_A_MINUTE * factor : 0,
      totalLitres: Math.round(this.#litres * 100) / 100,
    };
    await this.#client.publishAsync(`nongtin/v1/${this.#id}/valve/state`, JSON.stringify(report), { qos: 1 });
  }
}
