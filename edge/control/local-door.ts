import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';

/** Where commands on this machine find the gateway of this data folder. */
export const localDoorPath = (dataDir: string): string => join(dataDir, 'gateway', 'control.sock');

/** Asked on the local door, where there is nobody to sign in. */
const local = new WeakSet<IncomingMessage>();

/** Whether this request came in by the local door; nothing that it says itself decides that. */
export const isLocal = (request: IncomingMessage): boolean => local.has(request);

/**
 * The gateway's API for commands on this machine: a Unix socket in the data folder that its owner alone may open. Whoever may
 * read that folder holds the gateway's keys already, so that a password would protect nothing.
 */
export class LocalDoor {
  readonly #path: string;
  readonly #server: Server;

  constructor(dataDir: string, answer: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#path = localDoorPath(dataDir);
    this.#server = createServer((request, response) => {
      local.add(request);
      answer(request, response);
    });
  }

  /** Rejects where there can be no socket: a path of more than 107 bytes, a disk of Windows. */
  async open(): Promise<void> {
    // What a killed gateway left; that no other one runs is known by the data folder's lock.
    rmSync(this.#path, { force: true });
    this.#server.listen(this.#path);
    await once(this.#server, 'listening');
    chmodSync(this.#path, 0o600);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
