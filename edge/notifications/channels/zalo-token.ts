import { createHash } from 'node:crypto';
import { readStateFile, writeStateFile } from '@nongtin/service';
import { later, type Outcome, refused } from './channel.ts';
import { type Fetch, isAnswer, outcomeOf, parsed, post } from './http.ts';

interface ZaloTokenOptions {
  readonly appId: string;
  readonly appSecret: string;
  /** As a person got it from Zalo; each refresh gives another one in its place. */
  readonly refreshToken: string;
  /** Where the newest pair is kept, readable by its owner alone. */
  readonly path: string;
  readonly clock: { nowMs(): number };
  readonly fetch: Fetch;
  readonly oauthUrl: string;
}

interface Kept {
  /** Which token of the person's it began with: another one there means that a person has given us a new one. */
  readonly begunWith: string;
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly endsAtMs: number;
}

/** A little before its end it is renewed. */
const EARLY_MS = 10 * 60_000;

/**
 * Access to a Zalo OA: an access token lasts 25 hours, a refresh token three months and serves once. The new pair is on
 * the disk before it is used; else a power cut would leave us with a token that is spent.
 */
export class ZaloToken {
  readonly #options: ZaloTokenOptions;
  readonly #begunWith: string;
  #kept: Kept | undefined;

  constructor(options: ZaloTokenOptions) {
    this.#options = options;
    this.#begunWith = createHash('sha256').update(options.refreshToken).digest('hex');
    const kept = readStateFile(options.path, isKept);
    if (kept?.begunWith === this.#begunWith) this.#kept = kept;
  }

  /** The token, or why there is none now. */
  async access(signal: AbortSignal): Promise<string | Outcome> {
    const { clock } = this.#options;
    if (this.#kept !== undefined && clock.nowMs() < this.#kept.endsAtMs - EARLY_MS)
      return this.#kept.accessToken;
    return this.#refresh(signal);
  }

  /** Zalo does not take it any more, whatever its end. */
  forget(accessToken: string): void {
    if (this.#kept?.accessToken === accessToken) this.#kept = { ...this.#kept, endsAtMs: 0 };
  }

  async #refresh(signal: AbortSignal): Promise<string | Outcome> {
    const { appId, appSecret, refreshToken, path, clock, fetch: fetcher, oauthUrl } = this.#options;
    const body = new URLSearchParams({
      refresh_token: this.#kept?.refreshToken ?? refreshToken,
      app_id: appId,
      grant_type: 'refresh_token',
    }).toString();
    const headers = { secret_key: appSecret, 'content-type': 'application/x-www-form-urlencoded' };
    const said = await post(fetcher, `${oauthUrl}/v4/oa/access_token`, { headers, body }, signal);
    if (!isAnswer(said)) return said;
    const answer = parsed(said.body);
    const { access_token: access, refresh_token: refresh, expires_in: seconds } = answer;
    if (typeof access !== 'string' || typeof refresh !== 'string') {
      if (said.status >= 400) return outcomeOf(said);
      // Errors come with status 200: a token that is spent or ended, an app that is another one.
      return typeof answer.error === 'number'
        ? refused('notice_zalo_token', { code: answer.error })
        : later('notice_service_failed', { status: said.status });
    }
    this.#kept = {
      begunWith: this.#begunWith,
      refreshToken: refresh,
      accessToken: access,
      endsAtMs: clock.nowMs() + (Number(seconds) || 3_600) * 1_000,
    };
    writeStateFile(path, this.#kept);
    return access;
  }
}

function isKept(value: unknown): value is Kept {
  const { begunWith, refreshToken, accessToken, endsAtMs } = (value ?? {}) as Partial<Kept>;
  return (
    [begunWith, refreshToken, accessToken].every((one) => typeof one === 'string') &&
    typeof endsAtMs === 'number'
  );
}
