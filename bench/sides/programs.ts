import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Versions of what is measured beside us. Throws one line that names what is missing, and how it is installed. */
export async function requirePrograms(): Promise<Record<string, string>> {
  const influxd = await influxdVersion();
  const mosquitto = await mosquittoVersion();
  const missing = [
    influxd === undefined ? 'influxd (apt-get install influxdb)' : '',
    mosquitto === undefined ? 'mosquitto (apt-get install mosquitto)' : '',
  ].filter((text) => text !== '');
  if (missing.length > 0) throw new Error(`This benchmark needs ${missing.join(' and ')}.`);
  return {
    influxd: influxd ?? 'unknown',
    mosquitto: mosquitto ?? 'unknown',
    'node-red': versionIn(import.meta.resolve('node-red/package.json')),
    'node-red-contrib-influxdb': versionIn(import.meta.resolve('node-red-contrib-influxdb/package.json')),
  };
}

/** Undefined when it is not installed. */
export async function influxdVersion(): Promise<string | undefined> {
  const words = await wordsOf('influxd', ['version']);
  return words === undefined ? undefined : (/v?(\d+\.\d+\.\d+)/.exec(words)?.[1] ?? 'unknown');
}

/** Undefined when it is not installed. */
export async function mosquittoVersion(): Promise<string | undefined> {
  const words = await wordsOf('mosquitto', ['-h']);
  return words === undefined ? undefined : (/version (\S+)/.exec(words)?.[1] ?? 'unknown');
}

/** What a program prints, whatever its exit code; undefined when there is none of that name. */
function wordsOf(program: string, args: string[]): Promise<string | undefined> {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  return new Promise((resolve) => {
    execFile(program, args, { env }, (error, stdout, stderr) =>
      resolve(error?.code === 'ENOENT' ? undefined : `${stdout}${stderr}`),
    );
  });
}

export function versionIn(packageJson: string): string {
  return String(JSON.parse(readFileSync(new URL(packageJson), 'utf8')).version);
}
