import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DemoSecrets } from '@nongtin/accounts';
import { freePorts } from '@nongtin/service';
import type { Page } from 'playwright-core';
import { waitFor } from '../wait.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Generous: continuous integration may run on a slow and busy machine. */
export const START_MS = 120_000;

/** A gateway with a farm of its own and nothing beside it. */
export interface GatewayAlone {
  readonly address: string;
  readonly mqttPort: number;
  readonly secrets: DemoSecrets;
  /** Opens the dashboard as one of its people. */
  signIn(page: Page, who: keyof DemoSecrets['users']): Promise<void>;
  remove(): Promise<void>;
}

/** Starts it on the built pages; `more`: further settings. Rejects when it does not answer. */
export async function startGateway(
  farm: object,
  more: Readonly<Record<string, string>> = {},
): Promise<GatewayAlone> {
  await promisify(execFile)(process.execPath, [join(repository, 'dashboards', 'build.ts')]);
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-gateway-'));
  mkdirSync(join(dataDir, 'gateway'), { recursive: true });
  writeFileSync(join(dataDir, 'gateway', 'farm.json'), JSON.stringify(farm));
  const [mqtt, http] = await freePorts(2);
  const env = {
    ...process.env,
    ...{ NONGTIN_DATA_DIR: dataDir, NONGTIN_HOST: '127.0.0.1', NONGTIN_LOG_LEVEL: 'error' },
    ...{ NONGTIN_MQTT_PORT: `${mqtt}`, NONGTIN_MQTT_TLS_PORT: 'off', NONGTIN_MQTT_WS_PORT: 'off' },
    ...{ NONGTIN_GATEWAY_PORT: `${http}`, NONGTIN_GATEWAY_TLS_PORT: 'off' },
    ...{ NONGTIN_UPLINK_URL: 'mqtt://127.0.0.1:9', ...more },
  };
  const gateway = spawn(process.execPath, [join(repository, 'edge/main.ts')], { env, stdio: 'inherit' });
  const address = `http://localhost:${http}`;
  const isUp = async () =>
    (await fetch(`${address}/healthz`).catch(() => undefined))?.ok ? true : undefined;
  await waitFor(isUp, { deadlineMs: START_MS, everyMs: 50, what: 'the gateway does not answer' });
  const secrets = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as DemoSecrets;
  return {
    ...{ address, mqttPort: mqtt ?? 0, secrets },
    signIn: async (page, who) => {
      await page.goto(address);
      await page.fill('input[name=email]', secrets.users[who].email);
      await page.fill('input[name=password]', secrets.users[who].password);
      await page.click('button.primary');
    },
    remove: async () => {
      await ended(gateway);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function ended(gateway: ChildProcess): Promise<void> {
  if (gateway.exitCode !== null) return;
  const exited = once(gateway, 'exit');
  gateway.kill('SIGTERM');
  await exited;
}
