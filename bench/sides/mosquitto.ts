import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@nongtin/service';
import { adopt, remove, temporaryFolder } from './leftovers.ts';

export interface Mosquitto {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 5_000;

/**
 * As fast as Mosquitto gets: no login, nothing on the disk, no delay of small packets, and no limit of what waits for a
 * subscriber (its default, 1,000 messages, drops what it has acknowledged).
 */
function mosquittoConfig(port: number): string {
  return `listener ${port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
log_type error
`;
}

export async function startMosquitto(): Promise<Mosquitto> {
  const dir = temporaryFolder('mosquitto');
  const port = await freePort();
  const path = join(dir, 'mosquitto.conf');
  writeFileSync(path, mosquittoConfig(port));
  // Debian puts it where only root looks.
  const child = spawn('mosquitto', ['-c', path], {
    stdio: 'ignore',
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
  });
  adopt(child);
  const ended = once(child, 'exit').catch(() => {});
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill();
    await ended;
    remove(dir);
  };
  if (!(await listens(port, child))) {
    await stop();
    throw new Error('mosquitto did not start: is it installed (apt-get install mosquitto)?');
  }
  return { port, pid: child.pid ?? 0, stop };
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
