import { topicOf, type ValveCommand } from '@nongtin/broker/wire';
import { connect, type MqttClient } from 'mqtt';

const REPORT_EVERY_MS = 100;

interface ValveOptions {
  readonly id: string;
  readonly mqttPort: number;
  readonly password: string;
  /** Farm seconds in a real one. */
  readonly speed: number;
}

/**
 * A valve with a meter, as a test wants it: takes each command once, closes by itself at the end of its lease whatever
 * becomes of the gateway, and goes on when its connection does not.
 */
export class Valve {
  /** Every opening that it has carried out. */
  readonly openings: Extract<ValveCommand, { action: 'open' }>[] = [];
  flowLitresPerMinute = 38;
  readonly #options: ValveOptions;
  readonly #client: MqttClient;
  readonly #timer: NodeJS.Timeout;
  readonly #done = new Set<string>();
  #commandId: string | undefined;
  #openUntilMs = 0;
  #countedMs = performance.now();
  #litres = 1_000;

  constructor(options: ValveOptions) {
    this.#options = options;
    const { id, mqttPort, password } = options;
    this.#client = connect(`mqtt://127.0.0.1:${mqttPort}`, {
      ...{ clientId: id, username: id, password, reconnectPeriod: 100 },
    });
    this.#client.on('error', () => {});
    this.#client.on('connect', () => this.#client.subscribe(topicOf('valveCommand', id), { qos: 1 }));
    this.#client.on('message', (_topic, payload) => this.#take(JSON.parse(payload.toString())));
    this.#timer = setInterval(() => this.#report('periodic'), REPORT_EVERY_MS);
  }

  get isOpen(): boolean {
    return performance.now() < this.#openUntilMs;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.endAsync(true);
  }

  #take(command: ValveCommand): void {
    this.#count();
    if (!this.#done.has(command.id)) {
      this.#done.add(command.id);
      this.#commandId = command.id;
      const leaseMs = command.action === 'open' ? (command.durationSeconds * 1000) / this.#options.speed : 0;
      this.#openUntilMs = performance.now() + leaseMs;
      if (command.action === 'open') this.openings.push(command);
    }
    this.#report('command');
  }

  /** The meter, up to now or to the end of the lease. */
  #count(): void {
    const nowMs = performance.now();
    const flowedMs = Math.max(0, Math.min(nowMs, this.#openUntilMs) - this.#countedMs);
    this.#litres += (this.flowLitresPerMinute * flowedMs * this.#options.speed) / 60_000;
    this.#countedMs = nowMs;
  }

  #report(cause: 'command' | 'periodic'): void {
    this.#count();
    if (!this.#client.connected) return;
    const { isOpen } = this;
    const state = {
      ...{ state: isOpen ? 'open' : 'closed', cause, commandId: this.#commandId },
      ...{ flowLitresPerMinute: isOpen ? this.flowLitresPerMinute : 0, totalLitres: this.#litres },
    };
    this.#client.publish(topicOf('valveState', this.#options.id), JSON.stringify(state), { qos: 1 });
  }
}
