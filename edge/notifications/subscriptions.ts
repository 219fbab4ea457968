import type { Subscription } from './channels/web-push.ts';
import type { Outbox } from './outbox.ts';

type Row = Record<string, string>;

/** Phones and browsers of one person. */
const MOST = 10;

/** Browsers that wish to be told, by the account that was signed in there. */
export class Subscriptions {
  readonly #outbox: Outbox;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** An account keeps its newest ones. A browser that another account subscribes is that account's from then on. */
  add(account: string, { endpoint, keys }: Subscription, atMs: number): void {
    this.#outbox.together(() => {
      this.#outbox.database
        .prepare(
          'INSERT OR REPLACE INTO subscription (endpoint, account, p256dh, auth, at_ms) VALUES (?, ?, ?, ?, ?)',
        )
        .run(endpoint, account, keys.p256dh, keys.auth, atMs);
      this.#outbox.database
        .prepare(
          `DELETE FROM subscription WHERE account = ? AND endpoint NOT IN
           (SELECT endpoint FROM subscription WHERE account = ? ORDER BY at_ms DESC, rowid DESC LIMIT ?)`,
        )
        .run(account, account, MOST);
    });
  }

  of(account: string): Subscription[] {
    const rows = this.#outbox.database
      .prepare('SELECT endpoint, p256dh, auth FROM subscription WHERE account = ?')
      .all(account) as Row[];
    return rows.map(({ endpoint = '', p256dh = '', auth = '' }) => ({ endpoint, keys: { p256dh, auth } }));
  }

  /** `account`: only if it is this one's. */
  remove(endpoint: string, account?: string): void {
    this.#outbox.database
      .prepare('DELETE FROM subscription WHERE endpoint = ? AND account = coalesce(?, account)')
      .run(endpoint, account ?? null);
  }
}
