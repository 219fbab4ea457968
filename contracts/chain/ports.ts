import { once } from 'node:events';
import { createServer } from 'node:net';
import { explainProblem } from '@nongtin/service';

const HOST = '127.0.0.1';

/** Rejects with a StartProblem that names the port and its variable when somebody else holds it. */
export async function requireFreePort(port: number): Promise<void> {
  try {
    await listenOnce(port);
  } catch (error) {
    throw explainProblem(error, { port, portVariable: 'NONGTIN_RPC_PORT' });
  }
}

export function findFreePort(): Promise<number> {
  return listenOnce(0);
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : port;
}
