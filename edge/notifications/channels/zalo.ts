import { accepted, type Channel, later, type Outcome, refused } from './channel.ts';
import { type Fetch, isAnswer, outcomeOf, parsed, post } from './http.ts';
import { ZaloToken } from './zalo-token.ts';

interface ZaloOptions {
  readonly appId: string;
  readonly appSecret: string;
  readonly refreshToken: string;
  /** Where the newest tokens are kept. */
  readonly path: string;
  readonly clock: { nowMs(): number };
  readonly fetch?: Fetch;
  readonly apiUrl?: string;
  readonly oauthUrl?: string;
}

/** A text of the OA's messages has at most so many characters. */
const MOST_CHARACTERS = 2_000;
const TOKEN_INVALID = -216;
/** Too many requests a minute; Zalo's own failure. */
const BUSY: readonly number[] = [-32, -200];
/** What the OA may still send this month, or this person receive. */
const QUOTA: readonly number[] = [-211, -218, -224, -321];
/** Not a follower; has blocked the OA; away for long; has not written to the OA in the last seven days. */
const BLOCKED: readonly number[] = [-213, -217, -227, -244];
const SILENT_FOR_DAYS: readonly number[] = [-230, -232];

/**
 * A Zalo Official Account, by its message API v3 (developers.zalo.me, “tin tư vấn”): POST /v3.0/oa/message/cs. Zalo lets an
 * OA write only to people who have written to it in the last seven days.
 */
export function createZalo(options: ZaloOptions): Channel {
  const { fetch: fetcher = fetch, apiUrl = 'https://openapi.zalo.me' } = options;
  const oauthUrl = options.oauthUrl ?? 'https://oauth.zaloapp.com';
  const token = new ZaloToken({ ...options, fetch: fetcher, oauthUrl });

  const attempt = async (access: string, to: string, text: string, signal: AbortSignal) => {
    const body = JSON.stringify({ recipient: { user_id: to }, message: { text } });
    const headers = { access_token: access, 'content-type': 'application/json' };
    const said = await post(fetcher, `${apiUrl}/v3.0/oa/message/cs`, { headers, body }, signal);
    if (!isAnswer(said)) return said;
    const answer = parsed(said.body);
    return typeof answer.error === 'number' ? { code: answer.error, data: answer.data } : outcomeOf(said);
  };

  return {
    name: 'zalo',
    async send({ to, text }, signal) {
      const words = [...text].slice(0, MOST_CHARACTERS).join('');
      // A second time with a new token, should the one at hand have been taken back before its end.
      for (const isLast of [false, true]) {
        const access = await token.access(signal);
        if (typeof access !== 'string') return access;
        const said = await attempt(access, to, words, signal);
        if ('outcome' in said) return said;
        if (said.code !== TOKEN_INVALID || isLast) return read(said.code, said.data);
        token.forget(access);
      }
      return later('notice_service_failed', { status: TOKEN_INVALID });
    },
    async check(signal) {
      const access = await token.access(signal);
      return typeof access === 'string' ? accepted() : access;
    },
    async stop() {},
  };
}

function read(code: number, data: unknown): Outcome {
  if (code === 0) {
    const { message_id: id } = (data ?? {}) as { message_id?: string };
    return accepted(id);
  }
  if (BUSY.includes(code)) return later('notice_busy', { status: code });
  if (QUOTA.includes(code)) return refused('notice_quota', { code });
  if (BLOCKED.includes(code)) return refused('notice_blocked', { service: 'Zalo' });
  if (SILENT_FOR_DAYS.includes(code)) return refused('notice_zalo_silent');
  if (code === TOKEN_INVALID) return refused('notice_zalo_token', { code });
  return refused('notice_refused', { status: code });
}
