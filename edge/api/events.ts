import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsync } from 'fastify';
import type { EventHub, LiveEvent } from '../live/hub.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';

const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;
/** After this the browser has to come back, and shows again who it is. */
const LONGEST_STREAM_MS = 3_600_000;
const MOST_STREAMS = 100;
/** A reader with more than this unread is dropped; it may come back and resume. */
const MOST_UNREAD_BYTES = 1_048_576;
/** Leaves room for what happens while the reader catches up. */
const MOST_REPLAYED_BYTES = MOST_UNREAD_BYTES / 2;

/**
 * GET /api/events: server-sent events (WHATWG HTML, section 9.2). A reader that comes back with Last-Event-ID gets what it
 * missed, or the event 'resync' when that is too much or not kept any more: then it has to read /api/live anew.
 *
 * The others: 'readings' { readings }, 'device' { id, online, lastSeenAtMs } when a device comes or goes, 'zone', 'run',
 * 'alarm' and 'status', each as /api/live, /api/runs and /api/alarms give it; 'layout' {} says that /api/farm has changed,
 * 'protection' {} that /api/crop-protection has, 'pests' {} that /api/pests has.
 */
export const eventRoutes: FastifyPluginAsync<{ parts: ApiParts }> = async (app, { parts }) => {
  const streams = new Set<ServerResponse>();

  app.get('/api/events', { exposeHeadRoute: false, schema: { hide: true } as object }, (request, reply) => {
    if (streams.size >= MOST_STREAMS)
      throw new ApiProblem(503, 'Too many pages follow the farm already. Close one, or try again later.');
    reply.hijack();
    const response = reply.raw;
    streams.add(response);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
    const lastId = request.headers['last-event-id'];
    const end = follow(parts.hub, response, typeof lastId === 'string' ? lastId : undefined);
    response.once('close', () => {
      end();
      streams.delete(response);
    });
  });

  app.addHook('preClose', async () => {
    for (const stream of streams) stream.end();
  });
};

/** Writes the hub's events to a response until the end that is returned. */
function follow(hub: EventHub, response: ServerResponse, lastId: string | undefined): () => void {
  const write = (text: string) => {
    if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
    else if (text !== '' && !response.writableEnded) response.write(text);
  };
  write(`retry: ${RECONNECT_MS}\n\n`);
  write((lastId === undefined ? '' : replay(hub, lastId)) ?? 'event: resync\ndata: {}\n\n');
  const unsubscribe = hub.subscribe((event) => write(frame(event)));
  const heartbeat = setInterval(() => write(': alive\n\n'), HEARTBEAT_MS);
  const longest = setTimeout(() => response.end(), LONGEST_STREAM_MS);
  return () => {
    unsubscribe();
    clearInterval(heartbeat);
    clearTimeout(longest);
  };
}

/** Undefined when it is not known, or so much that the reader would be dropped for it, each time it comes back. */
function replay(hub: EventHub, lastId: string): string | undefined {
  const text = hub.since(lastId)?.map(frame).join('');
  return text !== undefined && Buffer.byteLength(text) > MOST_REPLAYED_BYTES ? undefined : text;
}

function frame({ id, name, data }: LiveEvent): string {
  return `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;
}
