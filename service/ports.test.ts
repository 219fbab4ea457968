import { expect, it } from 'vitest';
import { freePorts, listen } from './ports.ts';

it('finds different ports on which one can listen, out of the way of outgoing connections', async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  const servers = await Promise.all(ports.map((port) => listen(port, '127.0.0.1')));
  for (const server of servers) server.close();
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

it('says with the system’s code that somebody else listens', async () => {
  const [port = 0] = await freePorts(1);
  const server = await listen(port, '127.0.0.1');
  await expect(listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });
  server.close();
});
