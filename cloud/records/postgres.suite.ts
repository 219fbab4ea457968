import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '@nongtin/service';
import pg from 'pg';

const ROOT = '/usr/lib/postgresql';

/** Folder of the newest installed PostgreSQL server's programs, or undefined. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(ROOT)) return undefined;
  return readdirSync(ROOT)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(ROOT, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

export interface TemporaryCluster {
  url(database: string): string;
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL cluster of its own in a temporary folder, run by an unprivileged user as the server demands. Tests need no
 * disk that survives a power cut; whoever measures does (`fsync`).
 */
export async function startCluster(programs: string, { fsync = false } = {}): Promise<TemporaryCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-postgres-'));
  const user = process.getuid?.() === 0 ? idOf('postgres') : undefined;
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'nongtin', '-A', 'trust', '--no-sync'], {
    ...user,
    cwd: folder,
    stdio: 'pipe',
  });
  const port = await freePort();
  const options = ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
  const server = spawn(join(programs, 'postgres'), [...options, '-c', `fsync=${fsync ? 'on' : 'off'}`], {
    ...user,
    cwd: folder,
    stdio: 'ignore',
  });
  const url = (database: string) => `postgres://nongtin@127.0.0.1:${port}/${database}`;
  await answers(url('postgres'), server);
  let databases = 0;
  return {
    url,
    createDatabase: async () => {
      const name = `test_${++databases}`;
      await query(url('postgres'), `create database ${name}`);
      return url(name);
    },
    stop: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function idOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  while (server.exitCode === null) {
    try {
      await query(url, 'select 1');
      return;
    } catch {
      await wait(50);
    }
  }
  throw new Error(`postgres ended with ${server.exitCode}`);
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // The server may still be starting: a refused connection is an error of connect(), and an event.
  client.on('error', () => {});
  await client.connect();
  await client.query(text);
  await client.end();
}
