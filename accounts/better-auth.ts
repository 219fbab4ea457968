import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { hashPassword } from 'better-auth/crypto';
import { getMigrations } from 'better-auth/db/migration';
import { bearer } from 'better-auth/plugins/bearer';
import { isRole } from './roles.ts';
import type { Account, Accounts, AccountsOptions, NewUser } from './types.ts';

const SESSION_SECONDS = 30 * 86_400;
const PASSWORD_LENGTH = { minPasswordLength: 12, maxPasswordLength: 128 };

/** Accounts whose tables are complete. */
export async function openAccounts(options: AccountsOptions): Promise<Omit<Accounts, 'start'>> {
  const config = authConfig(options);
  await (await getMigrations(config)).runMigrations();
  const auth = betterAuth(config);

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

  return { createUser, removeUser, handler: (request) => auth.handler(request), session };
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
