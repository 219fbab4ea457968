import { createHash } from 'node:crypto';
import { accepted, type Channel, type Outcome, refused } from './channel.ts';
import { type Fetch, isAnswer, outcomeOf, post } from './http.ts';

/** A browser of a person, as its push service knows it (PushSubscription.toJSON). */
export interface Subscription {
  readonly endpoint: string;
  /** Base64url: the browser's public key (P-256, uncompressed) and its secret for authentication. */
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** VAPID keys of this gateway (RFC 8292), base64url. Browsers subscribe with the public one. */
export interface PushKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

interface WebPushOptions {
  readonly keys: PushKeys;
  /** mailto: or https:. */
  readonly contact: string;
  readonly subscriptions: {
    of(person: string): readonly Subscription[];
    /** It is gone for ever. */
    remove(endpoint: string): void;
  };
  readonly clock: { nowMs(): number };
  readonly fetch?: Fetch;
}

/** Of a payload: push services take 4096 bytes encrypted (RFC 8030, 7.2). */
const MOST_CHARACTERS = 700;

/**
 * Notifications of browsers: encrypted for the browser (RFC 8291), signed with our keys (RFC 8292), left at its push service
 * (RFC 8030). A person with several phones is reached when one of them is.
 */
export function createWebPush(options: WebPushOptions): Channel {
  const { keys, contact, subscriptions, clock, fetch: fetcher = fetch } = options;
  return {
    name: 'web_push',
    async send({ id, to, title, short, link, priority, expiresAtMs }, signal) {
      const { default: webPush } = await import('web-push');
      const payload = JSON.stringify({ id, title, body: clipped(short), link, priority });
      const seconds = Math.max(0, Math.floor((expiresAtMs - clock.nowMs()) / 1_000));
      const outcomes: Outcome[] = [];
      for (const subscription of subscriptions.of(to)) {
        const request = webPush.generateRequestDetails(subscription, payload, {
          vapidDetails: { subject: contact, ...keys },
          TTL: seconds,
          urgency: priority === 'low' ? 'normal' : 'high',
          // The push service replaces a message of the same topic that it has not delivered yet (RFC 8030, 5.4).
          topic: createHash('sha256').update(id).digest('base64url').slice(0, 32),
          contentEncoding: 'aes128gcm',
        });
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
        // Of the body's own length: fetch states it.
        delete headers['Content-Length'];
        const body = new Uint8Array(request.body ?? []);
        const said = await post(fetcher, subscription.endpoint, { headers, body }, signal);
        if (!isAnswer(said)) outcomes.push(said);
        else if (said.status >= 200 && said.status < 300) outcomes.push(accepted());
        else if (said.status === 404 || said.status === 410) subscriptions.remove(subscription.endpoint);
        else outcomes.push(outcomeOf(said));
      }
      return best(outcomes);
    },
    async stop() {},
  };
}

/** One that has arrived is enough; what may yet arrive is tried again. */
function best(outcomes: readonly Outcome[]): Outcome {
  return (
    outcomes.find(({ outcome }) => outcome === 'accepted') ??
    outcomes.find(({ outcome }) => outcome === 'later') ??
    outcomes[0] ??
    refused('notice_no_subscription')
  );
}

function clipped(text: string): string {
  const letters = [...text];
  return letters.length <= MOST_CHARACTERS ? text : `${letters.slice(0, MOST_CHARACTERS - 1).join('')}…`;
}

/** Push services of the browsers that people have. To others we post nothing: the address comes from outside. */
const SERVICES = [
  'fcm.googleapis.com',
  'updates.push.services.mozilla.com',
  'push.apple.com',
  'notify.windows.com',
];

/** Why this is no subscription that we use; undefined: it is. `more`: further services, by the end of their name. */
export function subscriptionProblem(
  { endpoint, keys }: Subscription,
  more: readonly string[],
): string | undefined {
  if (!URL.canParse(endpoint)) return 'endpoint is no address: subscribe again in the browser.';
  const { protocol, hostname, username } = new URL(endpoint);
  const isKnown = [...SERVICES, ...more].some((end) => hostname === end || hostname.endsWith(`.${end}`));
  const isLoopback = hostname === '127.0.0.1' || hostname === 'localhost';
  if (!isKnown || username !== '' || (protocol !== 'https:' && !isLoopback))
    return `The push service ${hostname} is not known here: a technician can add it to channels.web_push.services.`;
  const point = Buffer.from(keys.p256dh, 'base64url');
  if (point.length !== 65 || point[0] !== 4 || Buffer.from(keys.auth, 'base64url').length !== 16)
    return 'keys are none of a push subscription: subscribe again in the browser.';
  return undefined;
}
