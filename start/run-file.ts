import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import { endGroup, hasGroup, identityOf, isRunning, type ProcessIdentity } from './processes.ts';

interface NamedProcess extends ProcessIdentity {
  readonly name: string;
}

interface RunState {
  readonly supervisor: ProcessIdentity;
  readonly children: readonly NamedProcess[];
}

const LEFTOVER_DEADLINE_MS = 6_000;

/**
 * `run.json` in the data folder: which supervisor runs here, and what it has started. It keeps two starts apart, and
 * lets a start after a kill -9 end what the killed one left behind.
 */
export class RunFile {
  readonly #path: string;
  readonly #dataDir: string;
  readonly #children = new Map<string, ProcessIdentity>();
  #supervisor: ProcessIdentity | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#path = join(dataDir, 'run.json');
  }

  /** Takes the data folder for this process. Resolves with the names of the leftovers that had to be ended. */
  async claim(pid: number): Promise<string[]> {
    const earlier = readStateFile(this.#path, isRunState);
    if (earlier && earlier.supervisor.pid !== pid && isRunning(earlier.supervisor)) {
      throw new StartProblem(
        `Nông Tín already runs on ${this.#dataDir} (process ${earlier.supervisor.pid}): use that one, stop it with Ctrl-C or kill ${earlier.supervisor.pid}, or choose another folder with NONGTIN_DATA_DIR=….`,
      );
    }
    const leftovers = earlier?.children.filter(hasGroup) ?? [];
    await Promise.all(leftovers.map((child) => endGroup(child, LEFTOVER_DEADLINE_MS)));
    this.#supervisor = identityOf(pid) ?? { pid, began: '' };
    this.#write();
    return leftovers.map(({ name }) => name);
  }

  /** Notes which process now is the child of this name. */
  note(name: string, identity: ProcessIdentity): void {
    this.#children.set(name, identity);
    this.#write();
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }

  #write(): void {
    if (this.#supervisor === undefined) return;
    const children = [...this.#children].map(([name, identity]) => ({ name, ...identity }));
    writeStateFile(this.#path, { supervisor: this.#supervisor, children } satisfies RunState);
  }
}

function isRunState(value: unknown): value is RunState {
  const { supervisor, children } = (value ?? {}) as Partial<RunState>;
  return isIdentity(supervisor) && Array.isArray(children) && children.every(isIdentity);
}

function isIdentity(value: unknown): value is ProcessIdentity {
  const { pid, began } = (value ?? {}) as Partial<ProcessIdentity>;
  return Number.isInteger(pid) && typeof began === 'string';
}
