import type { Logger } from '@nongtin/service';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { hashPassword } from 'better-auth/crypto';
import { getMigrations } from 'better-auth/db/migration';
import { bearer } from 'better-auth/plugins/bearer';
import { isRole, type Role } from './roles.ts';
import { unwritable } from './unwritable.ts';

/** A signed-in person. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
}

interface NewUser {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly role: Role;
}

export interface Accounts {
  /** Creates or completes the tables. Before anything else; may be repeated. */
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

interface AccountsOptions {
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

const SESSION_SECONDS = 30 * 86_400;
const PASSWORD_LENGTH = { minPasswordLength: 12, maxPasswordLength: 128 };

/** The doors of the library that we open; everything else below /api/auth/ answers 404. */
const openPaths: ReadonlySet<string> = new Set(
  [
    'sign-in/email',
    'sign-out',
    'get-session',
    'change-password',
    'list-sessions',
    'revoke-session',
    'revoke-sessions',
    'revoke-other-sessions',
  ].map((path) => `/api/auth/${path}`),
);

/** Sign-in with e-mail and password, sessions in the database, five roles; nobody can sign up or choose a role. */
export function createAccounts(options: AccountsOptions): Accounts {
  const config = authConfig(options);
  const auth = betterAuth(config);

  async function handler(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (!openPaths.has(url.pathname)) return Response.json({ message: 'Not found' }, { status: 404 });
    const response = await answer(request);
    return url.protocol === 'https:' ? withSecureCookies(response) : response;
  }

  async function answer(request: Request): Promise<Response> {
    try {
      return await auth.handler(request);
    } catch (error) {
      const message = unwritable(error);
      if (message !== undefined) {
        options.logger.warn(message);
        return Response.json({ code: 'cannot_write', message }, { status: 503 });
      }
      options.logger.error(`accounts failed: ${error instanceof Error ? error.message : 'no reason given'}`);
      return Response.json(
        { code: 'failed', message: 'Something went wrong; the log says what.' },
        { status: 500 },
      );
    }
  }

  /** A session is prolonged once a day; where that cannot be written, it is good all the same until it ends. */
  async function sessionOf(headers: Headers) {
    try {
      return await auth.api.getSession({ headers });
    } catch {
      return auth.api.getSession({ headers, query: { disableRefresh: true } });
    }
  }

  async function session(headers: Headers): Promise<Account | undefined> {
    const found = await sessionOf(headers);
    if (found === null || !isRole(found.user.role)) return undefined;
    const { id, email, name, role } = found.user;
    return { id, email, name, role };
  }

  async function createUser({ email, password, name, role }: NewUser): Promise<void> {
    const { internalAdapter } = await auth.$context;
    const known = await internalAdapter.findUserByEmail(email, { includeAccounts: true });
    // A change that is none would need room on the disk.
    const { user: { name: knownName, role: knownRole } = {} } = (known ?? {}) as { user?: Partial<NewUser> };
    if (known !== null && (knownName !== name || knownRole !== role))
      await internalAdapter.updateUser(known.user.id, { name, role });
    if (known?.accounts.some(({ providerId }) => providerId === 'credential')) return;
    const user =
      known?.user ??
      (await internalAdapter.createUser({ email, name, role, emailVerified: true }, { method: 'other' }));
    await internalAdapter.linkAccount({
      userId: user.id,
      accountId: user.id,
      providerId: 'credential',
      password: await hashPassword(password),
    });
  }

  async function removeUser(email: string): Promise<void> {
    const { internalAdapter } = await auth.$context;
    const known = await internalAdapter.findUserByEmail(email);
    if (known !== null) await internalAdapter.deleteUser(known.user.id);
  }

  return {
    start: async () => (await getMigrations(config)).runMigrations(),
    createUser,
    removeUser,
    handler,
    session,
  };
}

function authConfig({
  database,
  secret,
  cookiePrefix = 'nongtin',
  trustedOrigins = [],
  logger,
}: AccountsOptions) {
  return {
    appName: 'Nông Tín',
    database,
    secret,
    // A fixed base keeps the library from reading one out of the machine's environment. No address is built from it:
    // the origins we trust are those a request came to, by whatever name of the machine.
    baseURL: 'http://nongtin.invalid',
    basePath: '/api/auth',
    trustedOrigins: (request?: Request) => [...ownOrigins(request), ...trustedOrigins],
    emailAndPassword: { enabled: true, disableSignUp: true, autoSignIn: false, ...PASSWORD_LENGTH },
    user: {
      modelName: 'account_user',
      // input: false: no request can set it, only createUser.
      additionalFields: {
        role: { type: 'string', required: true, defaultValue: 'member', input: false },
      },
    },
    session: { modelName: 'account_session', expiresIn: SESSION_SECONDS, updateAge: 86_400 },
    account: { modelName: 'account_credential' },
    verification: { modelName: 'account_verification' },
    plugins: [bearer()],
    // The plugin counts failed sign-ins by peer address, which the library cannot see.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // What is no refusal comes to us.
    onAPIError: { throw: true },
    advanced: { cookiePrefix, useSecureCookies: false, ipAddress: { disableIpTracking: true } },
    logger: {
      disabled: false,
      level: 'warn',
      // The library's extra arguments may hold what a person typed: only its message is kept.
      log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => logger[level](message),
    },
  } satisfies BetterAuthOptions;
}

/** Both schemes: behind a proxy that ends TLS the request itself looks like http. */
function ownOrigins(request: Request | undefined): string[] {
  if (request === undefined) return [];
  const { host } = new URL(request.url);
  return [`http://${host}`, `https://${host}`];
}

function withSecureCookies(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.delete('set-cookie');
  for (const cookie of response.headers.getSetCookie()) headers.append('set-cookie', `${cookie}; Secure`);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
