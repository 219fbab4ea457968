import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@nongtin/service';
import { remove, temporaryFolder } from './leftovers.ts';
import { type Server, startServer } from './server.ts';

/**
 * As fast as Mosquitto gets: nothing on the disk, no delay of small packets, and no limit of what waits for a subscriber
 * (its default, 1,000 messages, drops what it has acknowledged).
 */
function mosquittoConfig(port: number, login: string, inflight: number): string {
  return `listener ${port} 127.0.0.1
${login}
persistence false
max_queued_messages 0
max_inflight_messages ${inflight}
set_tcp_nodelay true
log_type error
`;
}

/** Without passwords there is no login. `inflight`: messages on their way to one client; 0: any number. */
export async function startMosquitto(passwords?: ReadonlyMap<string, string>, inflight = 0): Promise<Server> {
  const dir = temporaryFolder('mosquitto');
  const port = await freePort();
  const path = join(dir, 'mosquitto.conf');
  const login = passwords === undefined ? 'allow_anonymous true' : passwordLogin(dir, passwords);
  writeFileSync(path, mosquittoConfig(port, login, inflight));
  const server = await startServer('mosquitto', ['-c', path], port);
  if (server === undefined) {
    remove(dir);
    throw new Error('mosquitto did not start: is it installed (apt-get install mosquitto)?');
  }
  return {
    ...server,
    async stop() {
      await server.stop();
      remove(dir);
    },
  };
}

/** Hashed by Mosquitto's own program with its own defaults. */
function passwordLogin(dir: string, passwords: ReadonlyMap<string, string>): string {
  const path = join(dir, 'passwords');
  writeFileSync(path, [...passwords].map(([id, password]) => `${id}:${password}\n`).join(''));
  execFileSync('mosquitto_passwd', ['-U', path]);
  // Started by root it would become another user, who may not look into our folder.
  return `allow_anonymous false\npassword_file ${path}\nuser ${userInfo().username}`;
}
