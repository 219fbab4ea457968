import {
  type Broker,
  type GivenFiles,
  namesOfMachine,
  openAuthority,
  readGivenFiles,
  type ServerCredentials,
} from '@nongtin/broker';
import type { Logger } from '@nongtin/service';

export interface FurtherDoorsOptions {
  readonly broker: Pick<Broker, 'secure' | 'openWebSocket' | 'tlsPort' | 'webSocketPort'>;
  /** Of our own certificate authority. */
  readonly folder: string;
  /** Host names and addresses by which devices reach this gateway, besides those that it finds itself. */
  readonly names: readonly string[];
  /** A certificate of somebody else's, in place of our own. */
  readonly given: GivenFiles | undefined;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** What a technician needs to set up a device with TLS. */
export interface FurtherDoorsState {
  readonly tlsPort: number | null;
  readonly webSocketPort: number | null;
  /** The certificate of who signed ours, PEM; null: there is none yet. */
  readonly authority: string | null;
  readonly validToMs: number | null;
  /** Of the server's key, as Tasmota's MqttFingerprint takes it. */
  readonly tasmotaFingerprint: string | null;
}

/** Addresses change with the network, certificates end, and files are renewed by others. */
const AGAIN_MS = 10 * 60_000;

/**
 * The doors of the farm's MQTT besides the plain one: TLS and WebSocket. What keeps one of them closed is told, and tried
 * again: it stops neither the plain door nor the watering, and on a small board the first keys take their time.
 */
export class FurtherDoors {
  readonly #options: FurtherDoorsOptions;
  #timer: NodeJS.Timeout | undefined;
  #shown: ServerCredentials | undefined;
  #told = '';

  constructor(options: FurtherDoorsOptions) {
    this.#options = options;
  }

  /** Returns at once. */
  start(): void {
    let work = this.#open();
    this.#timer = setInterval(() => {
      work = work.then(() => this.#open());
    }, AGAIN_MS).unref();
  }

  /** What is under way goes on, and finds the broker stopped. */
  stop(): void {
    clearInterval(this.#timer);
  }

  state(): FurtherDoorsState {
    const { broker } = this.#options;
    return {
      tlsPort: broker.tlsPort ?? null,
      webSocketPort: broker.webSocketPort ?? null,
      authority: this.#shown?.ca ?? null,
      validToMs: this.#shown?.validToMs ?? null,
      tasmotaFingerprint: this.#shown?.tasmotaFingerprint ?? null,
    };
  }

  async #open(): Promise<void> {
    const { broker, logger } = this.#options;
    const problems = await Promise.all([
      broker.openWebSocket().then(nothing, String),
      this.#secure().then(nothing, String),
    ]);
    const problem = problems.filter((text) => text !== '').join(' ');
    if (problem !== '' && problem !== this.#told)
      logger.error({ problem }, 'a door of the farm MQTT is closed');
    this.#told = problem;
  }

  async #secure(): Promise<void> {
    const { broker, given, clock, names, folder, logger } = this.#options;
    const credentials =
      given === undefined
        ? await openAuthority({ folder, clock }).serverCredentials([...namesOfMachine(), ...names])
        : readGivenFiles(given, clock.nowMs());
    if (credentials.cert === this.#shown?.cert && broker.tlsPort !== undefined) return;
    await broker.secure(credentials);
    if (broker.tlsPort === undefined) return;
    this.#shown = credentials;
    const { validToMs, tasmotaFingerprint } = credentials;
    logger.info({ ...this.state(), authority: undefined, validToMs, tasmotaFingerprint }, 'MQTT over TLS');
  }
}

const nothing = () => '';
