import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the range from which systems give outgoing connections their own ports (Linux: 32768, others higher), so
 * that a port found free is not taken by a passing connection before it is used.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** As many different ports as asked for that nobody listens on at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  // Held open together, so that none is given twice.
  const held: { port: number; server: Server }[] = [];
  while (held.length < count) {
    const port = randomInt(FIRST, LAST);
    const server = await listen(port, '127.0.0.1').catch(() => undefined);
    if (server) held.push({ port, server });
  }
  await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return held.map(({ port }) => port);
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Listens on a port, to learn whether one can. Rejects with the system's error. */
export async function listen(port: number, host: string): Promise<Server> {
  const server = createServer().listen({ port, host, exclusive: true });
  await once(server, 'listening');
  return server;
}
