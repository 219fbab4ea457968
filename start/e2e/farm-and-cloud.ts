import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DemoSecrets } from '@nongtin/accounts';
import { freePorts } from '@nongtin/service';
import { type Caller, signIn } from '../caller.ts';
import { waitFor } from '../wait.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Generous: continuous integration may run on a slow and busy machine. */
const START_MS = 120_000;

type Service = 'gateway' | 'cloud';
const programs: Record<Service, string> = { gateway: 'edge/main.ts', cloud: 'cloud/main.ts' };

/** A gateway and its cloud as processes of their own, without a simulator: tests play the devices. */
export interface FarmAndCloud {
  readonly ports: { readonly mqtt: number; readonly gateway: number; readonly cloud: number };
  readonly secrets: DemoSecrets;
  /** A caller of the service's API as this demo user. */
  caller(service: Service, role: keyof DemoSecrets['users']): Promise<Caller>;
  /** From here on the cloud takes the gateway's entries. */
  register(): Promise<void>;
  /** Ends the process as the signal does. */
  end(service: Service, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(service: Service): Promise<void>;
  pid(service: Service): number;
  remove(): Promise<void>;
}

/** `through`: given the port of the cloud's uplink, the address by which the gateway reaches it. */
export async function startFarmAndCloud(
  speed: number,
  through = async (uplinkPort: number) => `mqtt://127.0.0.1:${uplinkPort}`,
): Promise<FarmAndCloud> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-farm-'));
  const [mqtt = 0, gateway = 0, cloud = 0, uplink = 0] = await freePorts(4);
  const env = {
    ...process.env,
    ...{ NONGTIN_DATA_DIR: dataDir, NONGTIN_HOST: '127.0.0.1', NONGTIN_LOG_LEVEL: 'error' },
    ...{
      NONGTIN_MQTT_PORT: `${mqtt}`,
      NONGTIN_MQTT_TLS_PORT: 'off',
      NONGTIN_MQTT_WS_PORT: 'off',
      NONGTIN_GATEWAY_TLS_PORT: 'off',
    },
    ...{ NONGTIN_CLOUD_TLS_PORT: 'off', NONGTIN_UPLINK_TLS_PORT: 'off' },
    ...{
      NONGTIN_GATEWAY_PORT: `${gateway}`,
      NONGTIN_CLOUD_PORT: `${cloud}`,
      NONGTIN_UPLINK_PORT: `${uplink}`,
    },
    ...{ NONGTIN_UPLINK_URL: await through(uplink), NONGTIN_RPC_URL: 'http://127.0.0.1:9' },
    NONGTIN_SPEED: `${speed}`,
  };
  const running = new Map<Service, ChildProcess>();
  const url = (service: Service) => `http://127.0.0.1:${service === 'gateway' ? gateway : cloud}`;
  const start = async (service: Service) => {
    const child = spawn(process.execPath, [join(repository, programs[service])], { env, stdio: 'inherit' });
    running.set(service, child);
    const isUp = async () => {
      if (child.exitCode !== null) throw new Error(`the ${service} has ended with ${child.exitCode}`);
      const answer = await fetch(`${url(service)}/healthz`).catch(() => undefined);
      return answer?.ok ? true : undefined;
    };
    await waitFor(isUp, { deadlineMs: START_MS, everyMs: 50, what: `the ${service} does not answer` });
  };
  const end = async (service: Service, signal: 'SIGKILL' | 'SIGTERM') => {
    const child = running.get(service);
    running.delete(service);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const remove = async () => {
    await Promise.all([end('gateway', 'SIGKILL'), end('cloud', 'SIGKILL')]);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await Promise.all([start('cloud'), start('gateway')]);
  } catch (error) {
    await remove();
    throw error;
  }
  const secrets = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as DemoSecrets;
  const caller: FarmAndCloud['caller'] = (service, role) => signIn(url(service), secrets.users[role]);
  return {
    ports: { mqtt, gateway, cloud },
    secrets,
    caller,
    register: async () => {
      const technician = await caller('gateway', 'technician');
      const { gateway } = await technician.get<{ gateway: { id: string; publicKey: string } }>('/api/farm');
      const { password: uplinkPassword } = secrets.uplink;
      const manager = await caller('cloud', 'manager');
      await manager.post('/api/gateways', {
        gatewayId: gateway.id,
        publicKey: gateway.publicKey,
        uplinkPassword,
      });
    },
    end,
    start,
    pid: (service) => running.get(service)?.pid ?? 0,
    remove,
  };
}
