import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process that can be told from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in the system's own words; '' when the system does not tell. */
  readonly began: string;
}

interface ProcessRow {
  readonly pid: number;
  readonly group: number;
  readonly began: string;
}

/** What is known about a running process, undefined when there is none. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const row = rowOf(pid);
  return row && { pid, began: row.began };
}

export function isRunning({ pid, began }: ProcessIdentity): boolean {
  return identityOf(pid)?.began === began;
}

/** Whether a process, or one that it started in its group, is still there. */
export function hasGroup({ pid, began }: ProcessIdentity): boolean {
  const leader = rowOf(pid);
  if (leader !== undefined) return leader.began === began;
  // While a group has members, its number is not given to a new process.
  return allRows().some(({ group }) => group === pid);
}

/** Ends a process and all of its group: politely first, by force after the deadline. Resolves when all are gone. */
export async function endGroup(identity: ProcessIdentity, deadlineMs: number): Promise<void> {
  const waits = [
    ['SIGTERM', deadlineMs],
    ['SIGKILL', 2_000],
  ] as const;
  for (const [signal, waitMs] of waits) {
    if (!hasGroup(identity)) return;
    signalGroup(identity.pid, signal);
    const until = performance.now() + waitMs;
    while (hasGroup(identity) && performance.now() < until) await pause(50);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function allRows(): ProcessRow[] {
  return readdirOrNothing('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => rowOf(Number(name)) ?? []);
}

/** proc(5): after the command in parentheses come state (3), parent (4), group (5) … start time (22). */
function rowOf(pid: number): ProcessRow | undefined {
  if (process.platform !== 'linux') return rowFromPs(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return { pid, group: Number(fields[2]), began: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

function rowFromPs(pid: number): ProcessRow | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'pgid=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [group = '', ...began] = text.split(/\s+/);
    return { pid, group: Number(group), began: began.join(' ') };
  } catch {
    return undefined;
  }
}

function readdirOrNothing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
