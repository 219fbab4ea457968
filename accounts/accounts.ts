import type { openAccounts } from './better-auth.ts';
import type { Accounts, AccountsOptions } from './types.ts';
import { unwritable } from './unwritable.ts';

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

/**
 * Sign-in with e-mail and password, sessions in the database, five roles; nobody can sign up or choose a role. The
 * library that does it is loaded when somebody is there whom it could concern: a gateway on a hill has months without.
 */
export function createAccounts(options: AccountsOptions): Accounts {
  let opened: ReturnType<typeof openAccounts> | undefined;

  function open() {
    if (opened !== undefined) return opened;
    opened = import('./better-auth.ts').then(({ openAccounts }) => openAccounts(options));
    // A disk that is full now may have room later.
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  }

  async function handler(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (!openPaths.has(url.pathname)) return Response.json({ message: 'Not found' }, { status: 404 });
    const response = await answer(request);
    return url.protocol === 'https:' ? withSecureCookies(response) : response;
  }

  async function answer(request: Request): Promise<Response> {
    try {
      return await (await open()).handler(request);
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

  return {
    start: async () => void (await open()),
    createUser: async (user) => (await open()).createUser(user),
    removeUser: async (email) => (await open()).removeUser(email),
    handler,
    session: async (headers) => (isAnonymous(headers) ? undefined : (await open()).session(headers)),
  };
}

function isAnonymous(headers: Headers): boolean {
  return !headers.has('cookie') && !headers.has('authorization');
}

function withSecureCookies(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.delete('set-cookie');
  for (const cookie of response.headers.getSetCookie()) headers.append('set-cookie', `${cookie}; Secure`);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
