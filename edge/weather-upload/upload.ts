import type { CredentialStore, InboundMessage } from '@nongtin/broker';
import { topicOf } from '@nongtin/broker/wire';
import { Budget } from './budget.ts';

interface UploadOptions {
  readonly credentials: Pick<CredentialStore, 'verify'>;
  /** Resolves when the message is on the disk; what makes messages of the broker durable. */
  readonly receive: (message: InboundMessage) => Promise<unknown>;
  readonly clock: { nowMs(): number; monotonicMs(): number };
}

export interface UploadAnswer {
  readonly status: 200 | 400 | 401 | 403 | 429 | 503;
  /** One short line, as stations log it. */
  readonly text: string;
}

const SECRETS = new Set(['id', 'password', 'passkey']);
const MINUTE_MS = 60_000;
/** "Rapid fire" stations upload every 2.5 seconds. */
const UPLOADS_A_MINUTE = 60;
const WRONG_LOGINS_A_MINUTE = 30;
const MOST_UNDER_WAY = 64;
const LONGEST_WAIT_MS = 20_000;

/**
 * An upload becomes a message like any other, of the device that its ID names and its PASSWORD proves. The answer waits until
 * the message is on the disk; then the password is gone: it stands in no payload and no log.
 */
export class WeatherUpload {
  readonly #options: UploadOptions;
  readonly #uploads: Budget;
  readonly #wrongLogins: Budget;
  #underWay = 0;

  constructor(options: UploadOptions) {
    this.#options = options;
    const nowMs = () => options.clock.monotonicMs();
    this.#uploads = new Budget(UPLOADS_A_MINUTE, MINUTE_MS, nowMs);
    this.#wrongLogins = new Budget(WRONG_LOGINS_A_MINUTE, MINUTE_MS, nowMs);
  }

  /** `fields` as they came, `peer` the sender's address. */
  async take(fields: URLSearchParams, peer: string): Promise<UploadAnswer> {
    const { credentials, receive, clock } = this.#options;
    const id = fieldNamed(fields, 'id');
    const password = fieldNamed(fields, 'password');
    if (id === undefined || password === undefined)
      return { status: 400, text: 'ID and PASSWORD are missing: the name of the device and its password' };
    if (this.#wrongLogins.isSpent(peer))
      return { status: 429, text: 'too many wrong passwords, wait a minute' };
    const identity = credentials.verify(id, Buffer.from(password));
    if (identity === undefined) {
      this.#wrongLogins.spend(peer);
      return { status: 401, text: 'unknown ID or wrong PASSWORD' };
    }
    if (identity.role !== 'device') return { status: 403, text: 'this ID is no device' };
    if (!this.#uploads.spend(id)) return { status: 429, text: 'too many uploads, at most one a second' };
    if (this.#underWay >= MOST_UNDER_WAY) return { status: 503, text: 'busy, try later' };
    const payload = Buffer.from(withoutSecrets(fields).toString());
    return this.#durable(
      receive({
        ...{ identity, payload, clientId: `http-${id}`, topic: topicOf('weatherUpload', id) },
        ...{ qos: 1, dup: false, retain: false, packetId: undefined, receivedAtMs: clock.nowMs() },
      }),
    );
  }

  async #durable(stored: Promise<unknown>): Promise<UploadAnswer> {
    this.#underWay += 1;
    const late = Promise.withResolvers<UploadAnswer>();
    const timer = setTimeout(
      () => late.resolve({ status: 503, text: 'the disk does not keep up, try later' }),
      LONGEST_WAIT_MS,
    );
    const done = stored
      .then(
        (): UploadAnswer => ({ status: 200, text: 'success' }),
        (): UploadAnswer => ({ status: 503, text: 'it could not be stored, try later' }),
      )
      .finally(() => {
        clearTimeout(timer);
        this.#underWay -= 1;
      });
    return Promise.race([done, late.promise]);
  }
}

/** Names are written in upper and lower case by different stations. */
function fieldNamed(fields: URLSearchParams, name: string): string | undefined {
  for (const [key, value] of fields) {
    if (key.toLowerCase() === name && value !== '') return value;
  }
  return undefined;
}

function withoutSecrets(fields: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...fields].filter(([name]) => !SECRETS.has(name.toLowerCase())));
}
