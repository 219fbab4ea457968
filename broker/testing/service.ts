import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** The broker that runs alone, as a process on this data folder and a free port, once it listens. */
export async function startService(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly service: ChildProcess; readonly port: number }> {
  const own = {
    NONGTIN_DATA_DIR: folder,
    NONGTIN_MQTT_PORT: '0',
    NONGTIN_HOST: '127.0.0.1',
    NONGTIN_LOG: 'json',
  };
  const service = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts')], {
    env: { ...process.env, ...own, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!service.stdout) throw new Error('no output');
  for await (const line of createInterface(service.stdout)) {
    const { msg, port } = JSON.parse(line) as { msg: string; port?: number };
    if (msg === 'listening' && port !== undefined) return { service, port };
  }
  throw new Error('ended before it listened');
}
