import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { listen } from './ports.ts';
import { explainProblem, StartProblem, systemCodeOf } from './problem.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: as the system says it`), { code });

it('names port, remedy and variable when a port is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const { port } = await new Promise<{ port: number }>((resolve) =>
    server.once('listening', () => resolve(server.address() as { port: number })),
  );
  const error = await listen(port, '127.0.0.1').catch((caught: unknown) => caught);
  server.close();
  expect(explainProblem(error, { port, portVariable: 'NONGTIN_MQTT_PORT' })).toMatchObject({
    name: 'StartProblem',
    message: `Port ${port} is already in use: stop the program that holds it, or choose another one with NONGTIN_MQTT_PORT=….`,
  });
});

it.each([
  ['EACCES', /^No permission to read and write \/farm\/data: .*chown/],
  ['EROFS', /^\/farm\/data is on a read-only file system: /],
  ['ENOSPC', /^The disk that holds \/farm\/data is full: free some space/],
  ['EIO', /^The disk that holds \/farm\/data reports read or write errors: /],
  ['EEXIST', /^\/farm\/data is in the way: /],
])('turns %s into one sentence that names the path and what to do', (code, sentence) => {
  const explained = explainProblem(failure(code), { path: '/farm/data' });
  expect(explained).toBeInstanceOf(StartProblem);
  expect((explained as Error).message).toMatch(sentence);
});

it('tells a low port without permission from a folder without permission', () => {
  const explained = explainProblem(failure('EACCES'), { port: 80, portVariable: 'NONGTIN_CLOUD_PORT' });
  expect((explained as Error).message).toBe(
    'No permission to open port 80: choose another one with NONGTIN_CLOUD_PORT=… above 1023.',
  );
});

it('knows a damaged SQLite file by what SQLite says of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-problem-'));
  const path = join(folder, 'journal.sqlite');
  writeFileSync(
    path,
    'this is no database, although it is long enough to have a header of one hundred bytes'.repeat(3),
  );
  const error = (() => {
    try {
      new DatabaseSync(path).exec('SELECT * FROM sqlite_master');
    } catch (caught) {
      return caught;
    }
    return undefined;
  })();
  rmSync(folder, { recursive: true });
  expect((explainProblem(error, { path }) as Error).message).toMatch(
    /journal\.sqlite is damaged: restore it from a backup, or move this one file away/,
  );
});

it('leaves our own faults as they are, with their stack', () => {
  const fault = new TypeError('undefined is not a function');
  expect(explainProblem(fault)).toBe(fault);
});

it.each([
  [{ errcode: 5 }, 'EBUSY'],
  // SQLITE_BUSY_RECOVERY, SQLITE_BUSY_SNAPSHOT
  [{ errcode: 261 }, 'EBUSY'],
  [{ errcode: 517 }, 'EBUSY'],
  // SQLITE_IOERR_WRITE comes with node:sqlite's own code
  [{ errcode: 778, code: 'ERR_SQLITE_ERROR' }, 'EIO'],
  [{ errcode: 13 }, 'ENOSPC'],
  [{ code: 'EROFS' }, 'EROFS'],
  [{ errcode: 6, code: 'ERR_SQLITE_ERROR' }, 'ERR_SQLITE_ERROR'],
  [new Error('no code'), ''],
  [undefined, ''],
])('names what the system or SQLite means with %o: %s', (error, code) => {
  expect(systemCodeOf(error)).toBe(code);
});
