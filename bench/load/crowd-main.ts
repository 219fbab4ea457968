import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { generate } from 'mqtt-packet';
import type { CrowdOptions } from './crowd.ts';
import { PacketReader } from './packets.ts';

/**
 * A crowd of clients, a process of its own. Takes CrowdOptions as one line of JSON on stdin, connects all of them at
 * once, says how long that took, has each of them subscribe, says so, and from then on answers every line with the
 * number of messages they have heard. Ends with its stdin.
 */
const CONNACK = 2;
const PUBLISH = 3;
const SUBACK = 9;
const REFUSED = 0x80;
/** Longer than anything that is measured: an idle client says nothing meanwhile. */
const KEEPALIVE_SECONDS = 600;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const options = JSON.parse((await lines.next()).value ?? '{}') as CrowdOptions;
const waiting = new Set<string>();
const sockets = new Map<string, Socket>();
let heard = 0;
let allAnswered = () => {};

const greetings = options.clients.map(({ id, password }) => {
  const login = password === undefined ? {} : { username: id, password: Buffer.from(password) };
  const flags = { clean: true, keepalive: KEEPALIVE_SECONDS } as const;
  return { id, bytes: generate({ cmd: 'connect', clientId: `crowd-${id}`, ...flags, ...login }) };
});

const startedAtMs = performance.now();
await answered(() => {
  for (const { id, bytes } of greetings) sockets.set(id, open(id, bytes));
});
say({ event: 'connected', seconds: (performance.now() - startedAtMs) / 1_000 });

await answered(() => {
  for (const [id, socket] of sockets) {
    const subscriptions = [{ topic: options.filter.replace('{device}', id), qos: 0 as const }];
    socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
  }
});
say({ event: 'subscribed' });

for await (const _ of lines) say({ heard });
process.exit();

function open(id: string, greeting: Buffer): Socket {
  const socket = connect({ host: '127.0.0.1', port: options.port, noDelay: true });
  const reader = new PacketReader((head, body) => take(id, head >> 4, body));
  socket.on('connect', () => socket.write(greeting));
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  // Whatever went wrong, 'close' follows.
  socket.on('error', () => {});
  socket.on('close', () => fail(`the connection of ${id} was closed`));
  return socket;
}

function take(id: string, kind: number, body: Buffer): void {
  if (kind === PUBLISH) heard += 1;
  if (kind !== CONNACK && kind !== SUBACK) return;
  const code = body.at(-1) ?? 0;
  if (kind === CONNACK ? code !== 0 : code >= REFUSED) fail(`the broker refuses ${id} with ${code}`);
  waiting.delete(id);
  if (waiting.size === 0) allAnswered();
}

/** Does something with every client; resolves when the broker has answered each of them. */
function answered(ask: () => void): Promise<void> {
  return new Promise((resolve) => {
    for (const { id } of options.clients) waiting.add(id);
    allAnswered = resolve;
    ask();
  });
}

function say(what: object): void {
  console.log(JSON.stringify(what));
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
