import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type GivenFiles, namesOfMachine, openAuthority, readGivenFiles } from '@nongtin/broker';
import { explainProblem, type Logger } from '@nongtin/service';

interface HttpsDoorOptions {
  readonly host: string;
  /** Undefined: there is no such door. 0: the system chooses. */
  readonly port: number | undefined;
  /** Of our own certificate authority, the one of the farm's MQTT. */
  readonly folder: string;
  /** Host names and addresses by which phones reach this gateway, besides those that it finds itself. */
  readonly names: readonly string[];
  /** A certificate of somebody else's, in place of our own. */
  readonly given: GivenFiles | undefined;
  readonly answer: RequestListener;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** Addresses change with the network, certificates end, and files are renewed by others. */
const AGAIN_MS = 10 * 60_000;

/**
 * The field dashboard over HTTPS: browsers give service workers, so the diary without a signal, and the microphone to no plain
 * page. What keeps it closed is told, and tried again: it stops nothing else.
 */
export class HttpsDoor {
  readonly #options: HttpsDoorOptions;
  #timer: NodeJS.Timeout | undefined;
  #server: Server | undefined;
  #shown = '';
  #authority: string | null = null;
  #told = '';
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: HttpsDoorOptions) {
    this.#options = options;
  }

  get port(): number | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' ? address?.port : undefined;
  }

  /** The certificate that phones have to trust, PEM; null: it is somebody else's, or there is none (yet). */
  get authority(): string | null {
    return this.#authority;
  }

  /** Returns at once: on a small board the first keys take their time. */
  start(): void {
    if (this.#options.port === undefined) return;
    const again = () => {
      this.#work = this.#work.then(() => this.#try());
    };
    again();
    this.#timer = setInterval(again, AGAIN_MS).unref();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    const server = this.#server;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async #try(): Promise<void> {
    try {
      await this.#open();
      this.#told = '';
    } catch (error) {
      const context = { port: this.#options.port ?? 0, portVariable: 'NONGTIN_GATEWAY_TLS_PORT' };
      const problem = String(explainProblem(error, context));
      if (problem !== this.#told) this.#options.logger.error({ problem }, 'the page over HTTPS is closed');
      this.#told = problem;
    }
  }

  async #open(): Promise<void> {
    const { host, port, folder, names, given, answer, clock, logger } = this.#options;
    const ownCredentials = async () => {
      const own = await openAuthority({ folder, clock }).serverCredentials([...namesOfMachine(), ...names]);
      this.#authority = own.ca;
      return own;
    };
    const { key, cert, validToMs } =
      given === undefined ? await ownCredentials() : readGivenFiles(given, clock.nowMs());
    if (cert === this.#shown || this.#isStopped) return;
    if (this.#server === undefined) {
      const server = createServer({ key, cert, minVersion: 'TLSv1.2' }, answer);
      server.listen(port, host);
      await once(server, 'listening');
      this.#server = server;
      // Stopped while it was opening.
      if (this.#isStopped) return this.stop();
    } else this.#server.setSecureContext({ key, cert, minVersion: 'TLSv1.2' });
    this.#shown = cert;
    logger.info({ port: this.port, validToMs }, 'the page over HTTPS');
  }
}
