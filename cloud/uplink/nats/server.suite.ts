import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePorts } from '@nongtin/service';
import { type ClusterKeys, makeKeys } from './keys.ts';
import { type ServerNode, serverConfigs } from './server-config.ts';

/** Where Debian puts it, which is not in everybody's PATH. */
export const natsProgram = [
  '/usr/sbin/nats-server',
  '/usr/bin/nats-server',
  '/usr/local/bin/nats-server',
].find(existsSync);

export interface TestCluster {
  readonly folder: string;
  readonly keys: ClusterKeys;
  readonly keysFolder: string;
  readonly nodes: readonly ServerNode[];
  /** For NONGTIN_NATS_URL. */
  readonly url: string;
  mqttUrl(node?: number): string;
  /** As when the machine goes away. */
  kill(node: number): Promise<void>;
  start(node: number): Promise<void>;
  remove(): Promise<void>;
}

/** Real servers on free ports, with the configuration that an operator gets. */
export async function startNats(size: 1 | 3 = 1): Promise<TestCluster> {
  if (natsProgram === undefined) throw new Error('install the package nats-server to run this suite');
  const program = natsProgram;
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-nats-'));
  const keysFolder = join(folder, 'keys');
  const keys = makeKeys(keysFolder, Date.now());
  const ports = await freePorts(size * 3);
  const nodes = Array.from({ length: size }, (_, n) => ({
    ...{ name: `nats-${n + 1}`, host: '127.0.0.1', dataDir: join(folder, `nats-${n + 1}`) },
    ...{ clientPort: ports[n * 3] ?? 0, mqttPort: ports[n * 3 + 1] ?? 0, routePort: ports[n * 3 + 2] ?? 0 },
  }));
  const options = { keys, nodes, routePassword: 'of-the-test', nowMs: Date.now() };
  for (const [name, text] of serverConfigs(options)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, `${name}.conf`), text, { mode: 0o600 });
  }
  const running = new Map<number, ChildProcess>();
  const start = async (node: number) => {
    const { name = '', clientPort = 0, mqttPort = 0 } = nodes[node] ?? {};
    const server = spawn(program, ['-c', join(folder, `${name}.conf`), '-l', join(folder, `${name}.log`)], {
      stdio: 'ignore',
    });
    running.set(node, server);
    for (const port of [clientPort, mqttPort]) await answers(port, server, join(folder, `${name}.log`));
  };
  const kill = async (node: number) => {
    const server = running.get(node);
    running.delete(node);
    if (server === undefined || server.exitCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  const remove = async () => {
    for (const node of [...running.keys()]) await kill(node);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((_, node) => start(node)));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    ...{ folder, keys, keysFolder, nodes, kill, start, remove },
    url: nodes.map(({ clientPort }) => `nats://127.0.0.1:${clientPort}`).join(','),
    mqttUrl: (node = 0) => `mqtt://127.0.0.1:${nodes[node]?.mqttPort}`,
  };
}

/** Resolves when somebody answers on the port; rejects when the server has ended. */
export async function answers(port: number, server: ChildProcess, log: string, host = '127.0.0.1') {
  while (server.exitCode === null) {
    const socket = connect(port, host);
    const opened = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (opened) return;
    await wait(20);
  }
  throw new Error(`nats-server ended with ${server.exitCode}; see ${log}`);
}
