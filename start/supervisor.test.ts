import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@nongtin/service';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Child } from './child.ts';
import { type Door, readConfig } from './config.ts';
import { findProblems, openable } from './preflight.ts';
import { identityOf, isRunning } from './processes.ts';
import { RunFile } from './run-file.ts';

let folder: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-supervisor-'));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function door(port: number, variable = 'NONGTIN_MQTT_PORT'): Door {
  return { name: 'farm MQTT', variable, port };
}

function holdPort(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => resolve({ server, port: Number(Object(server.address()).port) }));
  });
}

/** A program that does something and then lives until it is told to end. */
function sleeper(code = ''): ChildProcess {
  const child = spawn(process.execPath, ['-e', `${code};setInterval(() => {}, 1000)`], { detached: true });
  started.push(child);
  return child;
}

describe('before anything is started', () => {
  test('a good folder and free ports are no problem', async () => {
    const [port = 0] = await freePorts(1);
    expect(await findProblems(join(folder, 'data'), '127.0.0.1', [door(port)])).toEqual([]);
  });

  test('a folder of the kernel is refused at once', async () => {
    expect(await findProblems('/proc/x', '127.0.0.1', [])).toContain(
      '/proc/x cannot hold files: choose another folder with NONGTIN_DATA_DIR=….',
    );
  });

  test('a port in use is named, with the variable that chooses another one', async () => {
    const { server, port } = await holdPort();
    const problems = await findProblems(folder, '127.0.0.1', [door(port)]);
    server.close();
    expect(problems).toEqual([
      `Port ${port} is already in use: stop the program that holds it, or choose another one with NONGTIN_MQTT_PORT=….`,
    ]);
  });

  test('a further door whose port is taken is left out, with a word, and keeps nothing else', async () => {
    const { server, port } = await holdPort();
    const [free = 0] = await freePorts(1);
    const said: string[] = [];
    const off = { gatewayTls: undefined, cloudTls: undefined, uplinkTls: undefined };
    const further = { mqttTls: door(port, 'NONGTIN_MQTT_TLS_PORT'), mqttWebSocket: door(free), ...off };
    const open = await openable({ host: '127.0.0.1', further }, (text) => said.push(text));
    server.close();
    expect(open).toEqual({ mqttTls: undefined, mqttWebSocket: further.mqttWebSocket, ...off });
    expect(said).toEqual([expect.stringMatching(`Without farm MQTT: Port ${port} .*NONGTIN_MQTT_TLS_PORT`)]);
  });

  test('one port for two doors is told', async () => {
    const [port = 0] = await freePorts(1);
    const problems = await findProblems(folder, '127.0.0.1', [door(port), door(port, 'NONGTIN_CLOUD_PORT')]);
    expect(problems).toEqual([
      `NONGTIN_MQTT_PORT and NONGTIN_CLOUD_PORT both say ${port}: give each its own port.`,
    ]);
  });

  test('a disk that is nearly full is named', async () => {
    const problems = await findProblems(folder, '127.0.0.1', [], () => ({ bavail: 1024, bsize: 4096 }));
    expect(problems).toEqual([
      `The disk that holds ${folder} has only 4 MB free, 200 MB are needed: free some space, or choose another folder with NONGTIN_DATA_DIR=….`,
    ]);
  });

  test('a folder that cannot be written is named', async () => {
    // /sys takes no folders, not even from root.
    expect(await findProblems('/sys/nongtin', '127.0.0.1', [])).toEqual([
      expect.stringMatching(/\/sys\/nongtin.*choose another folder with NONGTIN_DATA_DIR/),
    ]);
    writeFileSync(join(folder, 'file'), '');
    expect(await findProblems(join(folder, 'file'), '127.0.0.1', [])).toEqual([
      `${join(folder, 'file')} is in the way: a folder is expected there; move the file away.`,
    ]);
  });

  test('an address that this machine does not have is named', async () => {
    expect(await findProblems(folder, '192.0.2.1', [door(1883)])).toEqual([
      '192.0.2.1 is no address of this machine: correct NONGTIN_HOST.',
    ]);
  });

  test.each([
    [{ NONGTIN_MQTT_PORT: 'abc' }, [], /NONGTIN_MQTT_PORT=abc is no port/],
    [{ NONGTIN_DEMO: 'maybe' }, [], /NONGTIN_DEMO=maybe is not known: use on or off/],
    [{}, ['--fast'], /npm start does not know --fast: it takes --no-sim/],
  ])('a wrong setting is named (%o %o)', (env, args, sentence) => {
    expect(() => readConfig(env, args, folder)).toThrow(sentence);
  });
});

describe('a second start on the same folder', () => {
  test('is refused with the process that runs there', async () => {
    const other = sleeper();
    await new RunFile(folder).claim(other.pid ?? 0);
    await expect(new RunFile(folder).claim(process.pid)).rejects.toThrow(
      `Nông Tín already runs on ${folder} (process ${other.pid})`,
    );
  });

  test('after a kill -9 ends what was left running, and nothing else', async () => {
    const killed = sleeper();
    const leftover = sleeper();
    const bystander = sleeper();
    const first = new RunFile(folder);
    await first.claim(killed.pid ?? 0);
    const identity = identityOf(leftover.pid ?? 0);
    if (identity === undefined) throw new Error('no such process');
    first.note('gateway', identity);
    // Its number has been given to somebody else since.
    first.note('cloud', { pid: bystander.pid ?? 0, began: '1' });
    const gone = new Promise((resolve) => killed.once('exit', resolve));
    killed.kill('SIGKILL');
    await gone;
    expect(await new RunFile(folder).claim(process.pid)).toEqual(['gateway']);
    expect(isRunning(identity)).toBe(false);
    expect(bystander.exitCode).toBeNull();
    expect(identityOf(bystander.pid ?? 0)).toBeDefined();
  });

  test('of which the note is half-written is told', async () => {
    writeFileSync(join(folder, 'run.json'), '{"supervisor":');
    await expect(new RunFile(folder).claim(process.pid)).rejects.toThrow(/run\.json is incomplete/);
  });
});

describe('a process of ours', () => {
  function childOf(code: string, backOffMs: readonly number[] = [10], logFolder = folder) {
    const events = { say: vi.fn(), started: vi.fn(), failed: vi.fn() };
    const logPath = join(logFolder, 'gateway.log');
    const spec = {
      name: 'gateway',
      command: process.execPath,
      args: ['-e', code],
      cwd: folder,
      env: process.env,
      logPath,
    };
    return { child: new Child(spec, events, backOffMs, 20), events, logPath };
  }
  const live = 'setInterval(() => {}, 1000);';

  test('is started again when it dies, and the terminal says so', async () => {
    const { child, events } = childOf(live);
    child.start();
    child.ready();
    process.kill(events.started.mock.calls[0]?.[1].pid, 'SIGKILL');
    await vi.waitFor(() => expect(events.started).toHaveBeenCalledTimes(2), 5_000);
    expect(events.say).toHaveBeenCalledWith(
      'gateway ended unexpectedly (SIGKILL). Starting it again in 0.01 s.',
    );
    expect(events.failed).not.toHaveBeenCalled();
    await child.stop();
    expect(isRunning(events.started.mock.calls[1]?.[1])).toBe(false);
  });

  test('takes along what it had started itself', async () => {
    const { child, events, logPath } = childOf(
      `const { spawn } = require('node:child_process');
       console.log('helper ' + spawn(process.execPath, ['-e', '${live}'], { stdio: 'ignore' }).pid); ${live}`,
    );
    child.start();
    child.ready();
    const helper = await vi.waitFor(() => {
      const pid = Number(/helper (\d+)/.exec(readFileSync(logPath, 'utf8'))?.[1]);
      return identityOf(pid) ?? Promise.reject(new Error('not yet'));
    }, 5_000);
    process.kill(events.started.mock.calls[0]?.[1].pid, 'SIGKILL');
    await vi.waitFor(() => expect(isRunning(helper)).toBe(false), 5_000);
    await child.stop();
  });

  test('that says why it cannot start is not tried again', async () => {
    const sentence = 'Port 1883 is already in use: stop the program that holds it.';
    const { child, events } = childOf(
      `console.log('{"level":30}'); console.error('gateway: ${sentence}'); process.exit(1)`,
    );
    child.start();
    await vi.waitFor(() => expect(events.failed).toHaveBeenCalledWith(sentence), 5_000);
    expect(events.started).toHaveBeenCalledTimes(1);
  });

  test('that dies at every start is given up, with its log named', async () => {
    const { child, events, logPath } = childOf('process.exit(3)');
    child.start();
    await vi.waitFor(() => expect(events.failed).toHaveBeenCalled(), 10_000);
    expect(events.failed).toHaveBeenCalledWith(`gateway ends as soon as it starts (code 3): see ${logPath}`);
    expect(events.started).toHaveBeenCalledTimes(4);
  });

  test('gets a fresh log when the old one has grown beyond 10 MB', async () => {
    const { child, logPath } = childOf("console.log('fresh')");
    writeFileSync(logPath, Buffer.alloc(11 * 1024 * 1024));
    child.start();
    await vi.waitFor(() => expect(readFileSync(logPath, 'utf8')).toContain('fresh\n'), 5_000);
    expect(readFileSync(`${logPath}.1`)).toHaveLength(11 * 1024 * 1024);
    await child.stop();
  });

  test('gets a fresh log while it runs, as often as the log grows beyond 10 MB, and one old one is kept', async () => {
    const { child, events, logPath } = childOf(
      `const { writeSync } = require('node:fs');
       process.on('SIGUSR2', () => { writeSync(1, Buffer.alloc(11 << 20, 'x')); writeSync(1, 'end'); });
       ${live} writeSync(1, 'begun');`,
    );
    child.start();
    child.ready();
    await vi.waitFor(() => expect(readFileSync(logPath, 'utf8')).toContain('begun'), 5_000);
    const { pid } = events.started.mock.calls[0]?.[1] ?? {};
    for (let round = 0; round < 2; round++) {
      process.kill(pid, 'SIGUSR2');
      await vi.waitFor(() => {
        expect(statSync(`${logPath}.1`).size).toBeGreaterThan(10 << 20);
        expect(statSync(logPath).size).toBeLessThan(1 << 20);
      }, 5_000);
      rmSync(`${logPath}.1`);
    }
    await child.stop();
  });

  test('comes back after its folder was deleted, and waits while something else is in its place', async () => {
    const logFolder = join(folder, 'data');
    const { child, events, logPath } = childOf(live, [10], logFolder);
    child.start();
    child.ready();
    rmSync(logFolder, { recursive: true });
    writeFileSync(logFolder, '');
    process.kill(events.started.mock.calls[0]?.[1].pid, 'SIGKILL');
    await vi.waitFor(
      () =>
        expect(events.say).toHaveBeenCalledWith(
          expect.stringMatching(/cannot be started again yet: .*in the way/),
        ),
      5_000,
    );
    rmSync(logFolder);
    await vi.waitFor(() => expect(events.started).toHaveBeenCalledTimes(2), 5_000);
    expect(statSync(logPath).isFile()).toBe(true);
    await child.stop();
  });

  test('is not started twice because it cannot be noted that it runs', async () => {
    const { child, events } = childOf(live);
    events.started.mockImplementation(() => {
      throw new Error('no room');
    });
    child.start();
    child.ready();
    expect(events.say).toHaveBeenCalledWith('gateway runs, but that could not be noted: no room');
    expect(events.started).toHaveBeenCalledTimes(1);
    await child.stop();
  });
});
