import { accepted, type Channel, later, type Outcome, refused } from './channel.ts';
import { type Answered, type Fetch, isAnswer, outcomeOf, parsed, post } from './http.ts';

interface TelegramOptions {
  readonly token: string;
  readonly fetch?: Fetch;
  readonly baseUrl?: string;
}

/** sendMessage takes 1 to 4096 characters. */
const MOST_CHARACTERS = 4_096;

/** A Telegram bot (core.telegram.org/bots/api, sendMessage). The token stands in the URL: no error may hold it. */
export function createTelegram(options: TelegramOptions): Channel {
  const { token, fetch: fetcher = fetch, baseUrl = 'https://api.telegram.org' } = options;
  return {
    name: 'telegram',
    async send({ to, text, priority }, signal) {
      const body = JSON.stringify({
        chat_id: to,
        text: [...text].slice(0, MOST_CHARACTERS).join(''),
        disable_notification: priority === 'low',
        link_preview_options: { is_disabled: true },
      });
      const headers = { 'content-type': 'application/json' };
      const said = await post(fetcher, `${baseUrl}/bot${token}/sendMessage`, { headers, body }, signal);
      return isAnswer(said) ? read(said) : said;
    },
    async check(signal) {
      const said = await post(fetcher, `${baseUrl}/bot${token}/getMe`, { method: 'GET' }, signal);
      return isAnswer(said) ? read(said) : said;
    },
    async stop() {},
  };
}

function read(said: Answered): Outcome {
  const answer = parsed(said.body);
  if (answer.ok === true) {
    const { message_id: id } = (answer.result ?? {}) as { message_id?: number };
    return accepted(id === undefined ? undefined : String(id));
  }
  const { retry_after: seconds } = (answer.parameters ?? {}) as { retry_after?: number };
  if (said.status === 429)
    return later('notice_busy', { status: 429 }, seconds === undefined ? said.retryAfterMs : seconds * 1_000);
  // A wrong token is 401, or 404 when it has not even the form of one.
  if (said.status === 401 || said.status === 404)
    return refused('notice_login_refused', { status: said.status });
  if (said.status === 403) return refused('notice_blocked', { service: 'Telegram' });
  if (said.status === 400) return refused('notice_address_refused', { service: 'Telegram' });
  return outcomeOf(said);
}
