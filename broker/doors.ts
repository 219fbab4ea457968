import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  createServer as createTlsServer,
  TLSSocket,
  type TlsOptions,
  type Server as TlsServer,
} from 'node:tls';
import { explainProblem } from '@nongtin/service';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { identityOf } from './tls/certificate.ts';
import { SECURE_PROTOCOLS } from './tls/protocols.ts';

export interface Door {
  /** 0 takes a free one. */
  readonly port: number;
  /** The address to listen on, where it is not that of the other doors. */
  readonly host?: string;
  /** Environment variable to name when the port is taken. */
  readonly portVariable?: string;
}

/** What a server shows of itself, and whom it believes. PEM. */
export interface TlsCredentials {
  readonly key: string;
  /** The certificate, and those between it and the root. */
  readonly cert: string;
  /** Who signs the certificates of clients; without it none is asked for. */
  readonly clientCa?: string;
}

export interface DoorsOptions {
  readonly host: string;
  readonly plain: Door;
  readonly tls?: Door;
  /** With TLS or without, whichever the client begins with; with TLS once there are credentials. */
  readonly webSocket?: Door;
  readonly handshakeMs: number;
  /** Of each door. */
  readonly connections: number;
}

/** The certificate that a client has proved to be its own. */
export interface Peer {
  /** The identity it was issued for. */
  readonly id: string;
  /** Hex digits, as Node writes them. */
  readonly serial: string;
}

export interface DoorEnds {
  accept(stream: Duplex, peer: Peer | undefined): void;
  refuse(cause: 'too_many_connections' | 'tls_failed'): void;
}

/** First byte of a TLS record that opens a handshake (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;
/** WebSocket subprotocols of MQTT 3.1.1 (6.0) and of its predecessor, which some clients still offer beside it. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];

/** Where clients come in: plain, TLS, WebSocket. What they then say is not looked at here. */
export class Doors {
  readonly #options: DoorsOptions;
  readonly #ends: DoorEnds;
  readonly #servers = new Map<'plain' | 'tls' | 'webSocket', Server>();
  readonly #secure: TlsServer[] = [];
  /** Takes a WebSocket's connection that begins with TLS. */
  #secureWebSocket: TlsServer | undefined;
  /** Also those that have yet to say what they are. */
  readonly #sockets = new Set<Socket>();
  #http: HttpServer | undefined;

  constructor(options: DoorsOptions, ends: DoorEnds) {
    this.#options = options;
    this.#ends = ends;
  }

  /** Opens the plain one. Throws a StartProblem when its port is taken. */
  async open(): Promise<void> {
    const server = createServer(SOCKET, (socket) => this.#accept(socket));
    await this.#listen('plain', server, this.#options.plain);
  }

  /** Opens the one for WebSockets, unless it is open. Throws a StartProblem when its port is taken. */
  async openWebSocket(): Promise<void> {
    const { webSocket } = this.#options;
    if (webSocket && !this.#servers.has('webSocket'))
      await this.#listen('webSocket', this.#webSocketServer(), webSocket);
  }

  /** Nobody comes in any more; resolves when those who are in have gone. */
  async close(): Promise<void> {
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    this.#secure.length = 0;
    this.#secureWebSocket = undefined;
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  /** Whoever is still in, or at the door. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  port(door: 'plain' | 'tls' | 'webSocket'): number | undefined {
    const address = this.#servers.get(door)?.address();
    return typeof address === 'object' && address ? address.port : undefined;
  }

  /** Opens the one for TLS, and lets WebSockets in by TLS too; open, it shows these to whoever comes. Throws a StartProblem. */
  async secure(credentials: TlsCredentials): Promise<void> {
    const { tls, webSocket } = this.#options;
    for (const server of this.#secure) server.setSecureContext(secureOptions(credentials));
    if (tls && !this.#servers.has('tls'))
      await this.#listen('tls', this.#tlsServer(credentials, this.#enter), tls);
    if (webSocket) this.#secureWebSocket ??= this.#tlsServer(credentials, this.#enterHttp);
  }

  async #listen(
    name: 'plain' | 'tls' | 'webSocket',
    server: Server,
    { port, portVariable, host = this.#options.host }: Door,
  ): Promise<void> {
    const { connections } = this.#options;
    server.maxConnections = connections;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('drop', () => this.#ends.refuse('too_many_connections'));
    try {
      server.listen({ host, port, backlog: BACKLOG });
      await once(server, 'listening');
    } catch (error) {
      throw explainProblem(error, { port, ...(portVariable === undefined ? {} : { portVariable }) });
    }
    this.#servers.set(name, server);
  }

  #accept(stream: Duplex, from: Duplex = stream): void {
    this.#ends.accept(stream, from instanceof TLSSocket ? peerOf(from) : undefined);
  }

  readonly #enter = (socket: TLSSocket): void => this.#accept(socket);
  readonly #enterHttp = (socket: TLSSocket): void => {
    this.#http?.emit('connection', socket);
  };

  #tlsServer(credentials: TlsCredentials, enter: (socket: TLSSocket) => void): TlsServer {
    const { handshakeMs: handshakeTimeout } = this.#options;
    const server = createTlsServer({ ...SOCKET, ...secureOptions(credentials), handshakeTimeout }, enter);
    server.on('tlsClientError', (_, socket) => {
      this.#ends.refuse('tls_failed');
      socket.destroy();
    });
    this.#secure.push(server);
    return server;
  }

  /** One port for both kinds: the first byte tells which. */
  #webSocketServer(): Server {
    const { handshakeMs } = this.#options;
    const upgrades = new WebSocketServer({
      ...{ noServer: true, perMessageDeflate: false, maxPayload: MOST_FRAME_BYTES },
      handleProtocols: (offered) => SUBPROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
    });
    this.#http = this.#httpServer(upgrades);
    return createServer(SOCKET, (socket) => {
      const timer = setTimeout(() => socket.destroy(), handshakeMs);
      socket.on('error', () => {});
      socket.once('close', () => clearTimeout(timer));
      socket.once('data', (first: Buffer) => {
        clearTimeout(timer);
        socket.pause();
        socket.unshift(first);
        const server = first[0] === TLS_HANDSHAKE ? this.#secureWebSocket : this.#http;
        if (server) server.emit('connection', socket);
        else socket.destroy();
        setImmediate(() => socket.resume());
      });
    });
  }

  #httpServer(upgrades: WebSocketServer): HttpServer {
    const { handshakeMs } = this.#options;
    const http = createHttpServer(
      { headersTimeout: handshakeMs, requestTimeout: handshakeMs },
      (_, response) => {
        response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket', connection: 'close' });
        response.end('This port speaks MQTT over WebSocket.\n');
      },
    );
    http.on('upgrade', (request, socket, head) => {
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
      if (!offered.some((name) => SUBPROTOCOLS.includes(name))) {
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nOffer the subprotocol mqtt.\n');
        return;
      }
      upgrades.handleUpgrade(request, socket, head, (webSocket) => {
        // A text frame breaks MQTT 3.1.1, 6.0: the connection has to be closed.
        webSocket.on('message', (_, isBinary) => isBinary || webSocket.terminate());
        this.#accept(createWebSocketStream(webSocket), request.socket);
      });
    });
    return http;
  }
}

/**
 * Of one WebSocket message. It is collected before anybody has said who it is, so that it is less than a packet may have; a
 * client may cut its packets as it likes (MQTT 3.1.1, 6.0).
 */
const MOST_FRAME_BYTES = 256 * 1024;
/** A thousand devices that come back at once after a power cut; with Node's 511 half of them would ask again a second later. */
const BACKLOG = 4_096;
const SOCKET = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

function secureOptions({ key, cert, clientCa }: TlsCredentials): TlsOptions {
  return {
    ...{ key, cert, ...SECURE_PROTOCOLS },
    // Who shows none, or one of somebody else, may still have a password.
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
  };
}

function peerOf(socket: TLSSocket): Peer | undefined {
  if (!socket.authorized) return undefined;
  const certificate = socket.getPeerCertificate();
  const id = identityOf(certificate);
  return id === undefined ? undefined : { id, serial: certificate.serialNumber };
}
