import { readdirSync, readFileSync } from 'node:fs';

/** What /proc tells about processes; Linux only, as the systems we compare with are. */

/** Linux's USER_HZ, which has been 100 on every architecture for decades. */
const TICKS_A_SECOND = 100;

/** CPU seconds that a process has used so far, its ended threads included. */
export function cpuSecondsOf(pid: number): number {
  return ticksIn(readFileSync(`/proc/${pid}/stat`, 'utf8')) / TICKS_A_SECOND;
}

/** CPU seconds of each living thread: its name, and its number where names repeat. */
export function threadSecondsOf(pid: number): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    seconds.set(`${name}#${thread}`, ticksIn(stat) / TICKS_A_SECOND);
  }
  return seconds;
}

export function residentMiBOf(pid: number): number {
  return statusKiB(pid, 'VmRSS') / 1_024;
}

/** The most it ever held. */
export function peakResidentMiBOf(pid: number): number {
  return statusKiB(pid, 'VmHWM') / 1_024;
}

/** Bytes that a process has caused to be written to a disk (proc(5), write_bytes). */
export function writtenBytesOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/io`, 'utf8');
  return Number(/^write_bytes: (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}

function statusKiB(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** Processes that descend from this one and whose command has this word in it. */
export function descendantsWith(word: string): number[] {
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return [{ pid: Number(entry), parent, command: readFileSync(`/proc/${entry}/cmdline`, 'utf8') }];
      } catch {
        return [];
      }
    });
  const family = new Set<number>();
  // A child may have a smaller number than its parent once numbers begin anew.
  for (let before = -1; before < family.size; ) {
    before = family.size;
    for (const { pid, parent } of processes)
      if (parent === process.pid || family.has(parent)) family.add(pid);
  }
  return processes
    .filter(({ pid, command }) => family.has(pid) && command.includes(word))
    .map(({ pid }) => pid);
}

/** utime and stime, the 14th and 15th fields; the second, the name, may hold spaces and brackets. */
function ticksIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
