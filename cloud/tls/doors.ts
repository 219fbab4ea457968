import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SECURE_PROTOCOLS } from '@nongtin/broker';
import { explainProblem, type Logger } from '@nongtin/service';
import type { FastifyInstance } from 'fastify';
import type { UplinkDoor } from '../uplink/door.ts';
import type { CloudAuthority } from './authority.ts';

export interface TlsDoorsOptions {
  readonly authority: CloudAuthority;
  readonly host: string;
  /** Of pages and API; undefined: none. */
  readonly httpsPort: number | undefined;
  readonly app: FastifyInstance;
  /** Shows gateways who we are, unless it has a way of its own. */
  readonly uplink: Pick<UplinkDoor, 'secure'>;
  readonly logger: Logger;
}

/** Certificates end, addresses change, and files are renewed by others. */
const AGAIN_MS = 10 * 60_000;
/** A handshake takes a second on a bad line; a scanner's may take for ever. */
const HANDSHAKE_MS = 10_000;
const REQUEST_MS = 30_000;

/**
 * The cloud's doors over TLS: pages and API, and the uplink. What keeps one closed is told and tried again; the plain doors
 * do not wait for it, since the first keys take seconds to be made.
 */
export class TlsDoors {
  readonly #options: TlsDoorsOptions;
  #https: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;
  #shown = '';
  #told = '';

  constructor(options: TlsDoorsOptions) {
    this.#options = options;
  }

  /** Returns at once. */
  start(): void {
    this.#again();
    this.#timer = setInterval(() => this.#again(), AGAIN_MS).unref();
  }

  /** What is under way goes on, since keys that are being made cannot be stopped, and opens nothing any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    const server = this.#https;
    this.#https = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Resolves when what has been begun is done. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** Undefined: it is not open. */
  get httpsPort(): number | undefined {
    return (this.#https?.address() as AddressInfo | null | undefined)?.port;
  }

  #again(): void {
    this.#work = this.#work.then(async () => {
      if (this.#stopped) return;
      const problem = await this.#open().then(
        () => '',
        (error: unknown) => String(error),
      );
      if (problem !== '' && problem !== this.#told)
        this.#options.logger.error({ problem }, 'a door over TLS is closed');
      this.#told = problem;
    });
  }

  async #open(): Promise<void> {
    const { authority, uplink, httpsPort, logger } = this.#options;
    const { key, cert, validToMs } = await authority.server();
    if (this.#stopped) return;
    const isNew = cert !== this.#shown;
    const problems = await Promise.allSettled([
      isNew ? uplink.secure?.({ key, cert, clientCa: await authority.ofClients() }) : undefined,
      httpsPort === undefined ? undefined : this.#openHttps(httpsPort, { key, cert }),
    ]);
    for (const outcome of problems) if (outcome.status === 'rejected') throw outcome.reason;
    if (!isNew || this.#stopped) return;
    this.#shown = cert;
    logger.info({ https: this.httpsPort, validToMs }, 'doors over TLS');
  }

  async #openHttps(port: number, credentials: { key: string; cert: string }): Promise<void> {
    if (this.#https !== undefined) {
      this.#https.setSecureContext({ ...credentials, ...SECURE_PROTOCOLS });
      return;
    }
    const { app, host } = this.#options;
    const limits = { handshakeTimeout: HANDSHAKE_MS, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS };
    const server = createServer({ ...credentials, ...limits, ...SECURE_PROTOCOLS }, (request, response) =>
      app.routing(request, response),
    );
    try {
      server.listen({ host, port });
      await once(server, 'listening');
    } catch (error) {
      throw explainProblem(error, { port, portVariable: 'NONGTIN_CLOUD_TLS_PORT' });
    }
    if (this.#stopped) server.close();
    else this.#https = server;
  }
}
