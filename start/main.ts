import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { demoSecrets } from '@nongtin/accounts';
import { explainProblem, StartProblem } from '@nongtin/service';
import { isHeldByOwnAnvil } from './anvil-note.ts';
import { choosePorts, readConfig, type StartConfig } from './config.ts';
import { prepareDemo } from './demo.ts';
import { addressOf, doorsText, stampText } from './doors.ts';
import { gatewayArguments } from './gateway-program.mjs';
import { findProblems, openable } from './preflight.ts';
import { RunFile } from './run-file.ts';
import { Supervisor } from './supervisor.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text: string) => process.stdout.write(`${text}\n`);
/** A broker elsewhere has doors of its own. */
const NO_DOORS_OF_MQTT = { mqttTls: undefined, mqttWebSocket: undefined };
const stopping = new AbortController();
// A terminal that was closed, or a pipe whose reader ended, must not keep us from stopping what we started.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
// Whatever goes wrong in here, nothing that we started is left behind.
process.on('uncaughtException', (error) => {
  fail(error);
  stopping.abort();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());

try {
  const config = await choosePorts(readConfig(process.env, process.argv.slice(2), root));
  const runFile = await claim(config);
  try {
    const isBrokerElsewhere = config.externalMqttUrl !== undefined;
    const wanted = isBrokerElsewhere ? { ...config.further, ...NO_DOORS_OF_MQTT } : config.further;
    const further = await openable({ host: config.host, further: wanted }, say);
    await supervise({ ...config, further }, runFile);
  } finally {
    runFile.release();
  }
} catch (caught) {
  fail(explainProblem(caught));
}
process.exit();

function fail(error: unknown): void {
  const text = error instanceof StartProblem ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

/** Looks first, so that nothing is started that would have to be stopped again. */
async function claim(config: StartConfig): Promise<RunFile> {
  const runFile = new RunFile(config.dataDir);
  const folder = await findProblems(config.dataDir, config.host, []);
  if (folder.length > 0) throw new StartProblem(folder.join('\n'));
  const leftovers = await runFile.claim(process.pid);
  if (leftovers.length > 0) say(`Ended what an interrupted start had left running: ${leftovers.join(', ')}.`);
  const { rpc, mqtt, ...others } = config.doors;
  const chainIsElsewhere = config.externalRpcUrl !== undefined || isHeldByOwnAnvil(config.dataDir, rpc.port);
  const own = [...(config.externalMqttUrl === undefined ? [mqtt] : []), ...(chainIsElsewhere ? [] : [rpc])];
  const doors = [...Object.values(others), ...own];
  const problems = await findProblems(config.dataDir, config.host, doors);
  if (problems.length === 0) return runFile;
  runFile.release();
  throw new StartProblem(problems.join('\n'));
}

async function supervise(config: StartConfig, runFile: RunFile): Promise<void> {
  const began = performance.now();
  say('Nông Tín đang khởi động · starting …');
  const supervisor = new Supervisor({ config, env: process.env, node: process.execPath, runFile, say });
  const asked = new Promise<void>((resolve) => {
    if (stopping.signal.aborted) resolve();
    stopping.signal.addEventListener('abort', () => resolve());
  });
  try {
    const ready = await Promise.race([supervisor.start(build).then(() => true), asked]);
    if (ready) {
      const secrets = config.demo ? demoSecrets(config.dataDir) : undefined;
      const seconds = (performance.now() - began) / 1000;
      const { influxUrl } = supervisor;
      const tellsPeople = existsSync(join(config.dataDir, 'gateway', 'notifications.json'));
      say(
        doorsText({
          ...{ config, secrets, influxUrl, tellsPeople, seconds, nowMs: Date.now() },
          lanAddress: addressOf(networkInterfaces()),
        }),
      );
      if (secrets) void showStamp(config, secrets);
      await Promise.race([asked, supervisor.failed]);
    }
  } finally {
    if (stopping.signal.aborted) say('\nĐang dừng · stopping …');
    stopping.abort();
    await supervisor.stop();
  }
}

async function showStamp(config: StartConfig, secrets: ReturnType<typeof demoSecrets>): Promise<void> {
  try {
    const { gateway, cloud } = config.doors;
    const stamp = await prepareDemo({
      gatewayUrl: `http://127.0.0.1:${gateway.port}`,
      cloudUrl: `http://127.0.0.1:${cloud.port}`,
      secrets,
      signal: stopping.signal,
    });
    say(stampText(stamp.url, stamp.anchored));
  } catch (error) {
    if (stopping.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    say(
      `The demo's first stamp is not there yet (${reason}). Everything else runs; start again to try once more.`,
    );
  }
}

/** Builds the pages and the gateway's bundle when their sources have changed; resolves with how Node runs it. */
async function build(): Promise<readonly string[]> {
  const [gateway] = await Promise.all([
    gatewayArguments({ root, node: process.execPath, say }),
    buildDashboards(),
  ]);
  return gateway;
}

/** Builds the pages when their sources have changed. */
async function buildDashboards(): Promise<void> {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'dashboards/build.ts')];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-4_000);
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new StartProblem(`The dashboards could not be built:\n${output.trim()}`);
}
