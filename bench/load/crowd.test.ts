import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { generate, parser } from 'mqtt-packet';
import { afterEach, expect, test } from 'vitest';
import { type Crowd, gatherCrowd } from './crowd.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A broker that answers nobody before so many have come, and lets them subscribe to what is their own. */
async function broker(count: number, returnCode = 0) {
  const filters = new Map<Socket, string>();
  const come: Socket[] = [];
  const server = createServer((socket) => {
    const packets = parser();
    let name = '';
    packets.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        name = packet.username ?? '';
        come.push(socket);
        if (come.length < count) return;
        for (const each of come) each.write(generate({ cmd: 'connack', returnCode, sessionPresent: false }));
      } else if (packet.cmd === 'subscribe') {
        const [topic = ''] = packet.subscriptions.map((one) => one.topic);
        filters.set(socket, topic);
        const granted = [topic === `${name}/command` ? 0 : 0x80];
        socket.write(generate({ cmd: 'suback', messageId: packet.messageId ?? 0, granted }));
      }
    });
    socket.on('data', (chunk) => packets.parse(chunk));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, filters };
}

function gather(port: number, filter = '{device}/command'): Promise<Crowd> {
  const clients = ['a', 'b', 'c'].map((id) => ({ id, password: `secret-${id}` }));
  return gatherCrowd({ port, clients, filter });
}

test('a crowd connects at once, has subscribed when it is handed out, and counts what reaches it', async () => {
  const { port, filters } = await broker(3);
  const crowd = await gather(port);
  closing.push(() => crowd.stop());
  expect([...filters.values()].sort()).toEqual(['a/command', 'b/command', 'c/command']);
  expect(crowd.connectSeconds).toBeGreaterThan(0);
  expect(await crowd.heard()).toBe(0);
  const message = { cmd: 'publish', payload: 'x', qos: 0, dup: false, retain: false } as const;
  for (const [socket, topic] of filters) socket.write(generate({ ...message, topic }));
  while ((await crowd.heard()) < 3) await new Promise(setImmediate);
});

test('a crowd that is refused, or may not subscribe, fails instead of measuring something else', async () => {
  await expect(broker(3, 5).then(({ port }) => gather(port))).rejects.toThrow('ended early');
  await expect(broker(3).then(({ port }) => gather(port, 'all/{device}'))).rejects.toThrow('ended early');
});
