// A broker in a process of its own, for tests that look at it from outside: whether it lives, and what it holds.
import process from 'node:process';
import { pino } from 'pino';
import { createBroker } from '../broker.ts';
import { authenticate } from './farm.ts';

export interface Holdings {
  /** What is left on the heap, and in buffers, once everything is gone that nobody needs. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Open connections, as the runtime counts them. */
  readonly sockets: number;
  /** As the broker counts them. */
  readonly connected: number;
}

const broker = createBroker({
  host: '127.0.0.1',
  port: 0,
  authenticate,
  hook: { receive: () => Promise.resolve() },
  // Refusals are warnings. What is told here is a fault.
  logger: pino({ level: 'error' }, pino.destination(2)),
});

function holdings(): Holdings {
  for (let times = 0; times < 3; times += 1) global.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  return { heapBytes: heapUsed + external, rssBytes: rss, sockets, connected: broker.stats().connected };
}

await broker.start();
process.on('message', () => process.send?.(holdings()));
process.on('disconnect', () => process.exit());
process.send?.(broker.port);
