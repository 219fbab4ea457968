import { createHmac } from 'node:crypto';
import { accepted, type Channel } from './channel.ts';
import { type Fetch, isAnswer, outcomeOf, post } from './http.ts';

interface WebhookOptions {
  readonly secret: string;
  readonly clock: { nowMs(): number };
  readonly fetch?: Fetch;
}

/**
 * Posts JSON to somebody's own server, signed by Standard Webhooks 1.0.0 (standardwebhooks.com): over `id.timestamp.body`
 * with HMAC-SHA256. The id stays when it is tried again, so that a receiver can tell a message it has had.
 */
export function createWebhook({ secret, clock, fetch: fetcher = fetch }: WebhookOptions): Channel {
  const key = keyOf(secret);
  return {
    name: 'webhook',
    async send(message, signal) {
      const { id, to, priority, title, text, link, createdAtMs } = message;
      const body = JSON.stringify({
        type: 'alarm.notification',
        timestamp: new Date(createdAtMs).toISOString(),
        data: { priority, title, text, link },
      });
      const timestamp = String(Math.floor(clock.nowMs() / 1_000));
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      };
      const said = await post(fetcher, to, { headers, body }, signal);
      if (!isAnswer(said)) return said;
      return said.status >= 200 && said.status < 300 ? accepted() : outcomeOf(said);
    },
    async stop() {},
  };
}

/** As Standard Webhooks writes keys, 'whsec_' and base64; anything else is taken as it stands. */
function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
}
