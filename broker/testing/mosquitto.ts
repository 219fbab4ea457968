import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { freePort } from '@nongtin/service';

// Debian puts it where only root looks.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** On the build server it has to be there; elsewhere its tests are left out. */
export const isMosquittoHere =
  process.env.CI !== undefined || spawnSync('mosquitto', ['-h'], { env }).error === undefined;

/** A real Mosquitto in a folder and on a port of its own, which can be killed and started again on the same data. */
export class Mosquitto {
  readonly port: number;
  /** Where its configuration is included from, as /etc/mosquitto/conf.d. */
  readonly folder: string;
  readonly #root: string;
  #process: ChildProcess | undefined;
  #said: string[] = [];

  private constructor(root: string, port: number) {
    this.#root = root;
    this.port = port;
    this.folder = join(root, 'conf.d');
    mkdirSync(this.folder);
    mkdirSync(join(root, 'saved'));
  }

  /** Not started yet. */
  static async prepare(): Promise<Mosquitto> {
    return new Mosquitto(mkdtempSync(join(tmpdir(), 'nongtin-mosquitto-')), await freePort());
  }

  /** With what stands in `folder`; `more` are lines of configuration besides. */
  async start(more = ''): Promise<void> {
    const path = join(this.#root, 'mosquitto.conf');
    // As Debian's own; started by root it would become another user, who may not look into our folder.
    writeFileSync(
      path,
      `user ${userInfo().username}
persistence true
persistence_location ${join(this.#root, 'saved')}/
log_dest stderr
log_type all
include_dir ${this.folder}
listener ${this.port} 127.0.0.1
${more}
`,
    );
    const child = spawn('mosquitto', ['-c', path], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    if (!child.stderr) throw new Error('no output');
    const runs = Promise.withResolvers<void>();
    createInterface(child.stderr).on('line', (line) => {
      this.#said.push(line);
      // Its doors are open by then.
      if (/mosquitto version \S+ running/.test(line)) runs.resolve();
    });
    child.once('error', runs.reject);
    child.once('exit', () => runs.reject(new Error(`mosquitto ended: ${this.#said.join('\n')}`)));
    await runs.promise;
    await this.#answers();
  }

  /** Files that were made for another folder and copied into this one: now they name this one. */
  async adapt(): Promise<void> {
    const path = join(this.folder, 'nongtin.conf');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/^(\w+_file) .*\//gm, `$1 ${this.folder}/`));
  }

  /** What it has logged so far. */
  get said(): readonly string[] {
    return this.#said;
  }

  /** Reads its files anew, as `systemctl reload mosquitto` has it do, and has done so when this resolves. */
  async reload(): Promise<void> {
    const before = this.#said.length;
    this.#process?.kill('SIGHUP');
    while (!this.#said.slice(before).some((line) => line.includes('Reloading config')))
      await once(this.#process?.stderr as NodeJS.ReadableStream, 'data');
    // The line comes before the work, and a connection that is let in comes after it.
    await this.#answers();
  }

  /** Its store is written, as every `autosave_interval`. */
  async save(): Promise<void> {
    const before = this.#said.length;
    this.#process?.kill('SIGUSR1');
    while (!this.#said.slice(before).some((line) => line.includes('Saving in-memory database')))
      await once(this.#process?.stderr as NodeJS.ReadableStream, 'data');
    await this.#answers();
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'connect');
    // A PINGREQ without CONNECT before it: Mosquitto closes, and has done whatever it had to do before.
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume().write(Buffer.from([0xc0, 0]));
    await closed;
  }
}
