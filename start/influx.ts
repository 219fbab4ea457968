import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { influxdConfig } from '@nongtin/series/influx';
import { freePorts, listen } from '@nongtin/service';
import type { Environment } from './config.ts';

/** How to run our own InfluxDB, and where it will answer. */
export interface InfluxPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly url: string;
  /** Said when it is not on the port one would look at. */
  readonly notice: string | undefined;
}

/** The influxd of this machine with its data under the data folder; undefined when none is installed. */
export async function planInflux(
  env: Environment,
  dataDir: string,
  wantedPort: number,
): Promise<InfluxPlan | undefined> {
  const command = findOnPath('influxd', env.PATH ?? '');
  if (command === undefined) return undefined;
  const [otherPort = 0, rpcPort = 0] = await freePorts(2);
  // InfluxDB is ours alone, so a port that somebody holds is no reason not to start.
  const free = await isFree(wantedPort);
  const httpPort = free ? wantedPort : otherPort;
  const dir = join(dataDir, 'influx');
  mkdirSync(dir, { recursive: true });
  const configPath = join(dir, 'influxdb.conf');
  writeFileSync(configPath, influxdConfig({ dir, httpPort, rpcPort }));
  return {
    command,
    args: ['-config', configPath],
    url: `http://127.0.0.1:${httpPort}`,
    notice: free ? undefined : `Port ${wantedPort} is in use, so our InfluxDB answers on ${httpPort}.`,
  };
}

export async function influxAnswers(url: string): Promise<true | undefined> {
  const response = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(1_000) });
  return response.status === 204 ? true : undefined;
}

async function isFree(port: number): Promise<boolean> {
  try {
    const server = await listen(port, '127.0.0.1');
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}

function findOnPath(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
