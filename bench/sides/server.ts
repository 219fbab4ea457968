import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { adopt } from './leftovers.ts';

/** A program that listens on a port of this machine. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 5_000;

/** Undefined when it does not listen within seconds; it has ended then. */
export async function startServer(
  program: string,
  args: readonly string[],
  port: number,
): Promise<Server | undefined> {
  // Debian puts some where only root looks.
  const child = spawn(program, args, {
    stdio: 'ignore',
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
  });
  adopt(child);
  const ended = once(child, 'exit').catch(() => {});
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill();
    await ended;
  };
  if (await listens(port, child)) return { port, pid: child.pid ?? 0, stop };
  await stop();
  return undefined;
}

async function listens(port: number, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && child.pid !== undefined && child.exitCode === null) {
    const socket = createConnection({ host: '127.0.0.1', port });
    const [opened] = await Promise.race([
      once(socket, 'connect').then(() => [true]),
      once(socket, 'close').then(() => [false]),
    ]).catch(() => [false]);
    socket.destroy();
    if (opened) return true;
    await delay(20);
  }
  return false;
}
