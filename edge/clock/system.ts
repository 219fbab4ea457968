import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { SystemTime } from './trust.ts';

/** What the clock asks of the machine it runs on. */
export interface Machine {
  /** Never rejects. */
  time(): Promise<SystemTime>;
  /** Milliseconds since the machine was switched on; goes on when our process ends. */
  uptimeMs(): number;
  /** Another one each time the machine is switched on; undefined where it is not told. */
  bootId(): string | undefined;
}

const ASK_MS = 3_000;

/** Linux; on anything else every answer is 'unknown', and the system's time is taken as it is. */
export const thisMachine: Machine = {
  time: async () => {
    const batteryClockMs = batteryClock();
    return { sync: await sync(), ...(batteryClockMs === undefined ? {} : { batteryClockMs }) };
  },
  uptimeMs: () => uptime() * 1000,
  bootId: () => read('/proc/sys/kernel/random/boot_id'),
};

/**
 * The kernel knows whether a time server steers its clock, whichever daemon does it (systemd-timesyncd, chrony, ntpd), and
 * forgets it when a person sets the time; timedatectl tells it. Where there is no systemd (a container), nobody can be asked.
 */
async function sync(): Promise<SystemTime['sync']> {
  if (!existsSync('/run/systemd/system')) return 'unknown';
  const answer = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if (answer === 'yes') return 'synchronized';
  if (answer === 'no') return 'unsynchronized';
  if (existsSync('/run/systemd/timesync/synchronized')) return 'synchronized';
  return existsSync('/run/systemd/timesync') ? 'unsynchronized' : 'unknown';
}

function batteryClock(): number | null | undefined {
  const seconds = Number(read('/sys/class/rtc/rtc0/since_epoch') ?? Number.NaN);
  if (Number.isFinite(seconds)) return seconds * 1000;
  return existsSync('/dev/rtc0') ? null : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function run(command: string, words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, words, { timeout: ASK_MS }, (error, stdout) =>
      resolve(error ? undefined : stdout.trim()),
    );
  });
}
