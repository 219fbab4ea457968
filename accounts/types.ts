import type { Logger } from '@nongtin/service';
import type { BetterAuthOptions } from 'better-auth';
import type { Role } from './roles.ts';

/** A signed-in person. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
}

export interface NewUser {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly role: Role;
}

export interface Accounts {
  /**
   * Creates or completes the tables. What needs them does so by itself; this is for who wants to know at once whether it
   * can be done. May be repeated.
   */
  start(): Promise<void>;
  /** Makes sure that this user exists with this name and role. Who is there already keeps the password. */
  createUser(user: NewUser): Promise<void>;
  /** Signed out everywhere, and gone. Nothing happens when there is no such user. */
  removeUser(email: string): Promise<void>;
  /** Answers what is below /api/auth/. */
  handler(request: Request): Promise<Response>;
  /** Who is calling, by session cookie or `Authorization: Bearer`. */
  session(headers: Headers): Promise<Account | undefined>;
}

export interface AccountsOptions {
  /**
   * A `DatabaseSync` of node:sqlite, or `{ db: Kysely, type: 'postgres' }` / `{ dialect, type }` of Kysely. Opened and
   * closed by the caller. Its tables are called account_*.
   */
  readonly database: NonNullable<BetterAuthOptions['database']>;
  /** Signs the session cookies: 32 random bytes, see sessionSecret. */
  readonly secret: string;
  /** Cookies ignore the port, so two services on one machine need names of their own. Default 'nongtin'. */
  readonly cookiePrefix?: string;
  /** Origins besides the one a request came to, for example of a reverse proxy. */
  readonly trustedOrigins?: readonly string[];
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
}
