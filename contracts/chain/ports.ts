import { explainProblem, listen } from '@nongtin/service';

const HOST = '127.0.0.1';

/** Rejects with a StartProblem that names the port and its variable when somebody else holds it. */
export async function requireFreePort(port: number): Promise<void> {
  try {
    await listenOnce(port);
  } catch (error) {
    throw explainProblem(error, { port, portVariable: 'NONGTIN_RPC_PORT' });
  }
}

export function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

async function listenOnce(port: number): Promise<void> {
  const server = await listen(port, HOST);
  await new Promise((resolve) => server.close(resolve));
}
