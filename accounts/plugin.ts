import type { IncomingMessage } from 'node:http';
import { StartProblem } from '@nongtin/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Attempts } from './attempts.ts';
import { authRoutes } from './auth-routes.ts';
import { decide, type Verdict } from './decide.ts';
import { accessOf, routeTable } from './routes.ts';
import type { Account, Accounts } from './types.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; undefined on public routes and when nobody is signed in. */
    account: Account | undefined;
  }
  interface FastifyInstance {
    /** 'METHOD /pattern' of every route of this app. */
    registeredRoutes: ReadonlySet<string>;
  }
}

interface AccountsPluginOptions {
  readonly accounts: Accounts;
  readonly table: keyof typeof routeTable;
  /** Wrong sign-ins a peer may make in a minute. */
  readonly failedSignInsPerMinute?: number;
  readonly clock?: { nowMs(): number };
  /** Whether a request comes from a command on this machine that needs no sign-in; it may do what a technician may. */
  readonly isLocal?: (request: IncomingMessage) => boolean;
}

const LOCAL: Account = { id: 'local', email: 'local', name: 'local', role: 'technician' };

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Guards every route of an app by the table, and answers /api/auth/*. To be registered and awaited before any route:
 * a route that was there earlier would be unguarded, so the app then fails to start.
 */
export const accountsPlugin = fastifyPlugin(
  async (app: FastifyInstance, options: AccountsPluginOptions) => {
    const registered = new Set<string>();
    if (!app.printRoutes().includes('(empty tree)')) {
      throw new StartProblem('Accounts have to be registered before the first route: report this to us.');
    }
    app.decorate('registeredRoutes', registered);
    app.decorateRequest('account', undefined);
    app.addHook('onRoute', (route) => {
      for (const method of [route.method].flat()) registered.add(`${method} ${route.url}`);
    });
    app.addHook('onReady', async () => refuseUnknownRoutes(options.table, registered));
    app.addHook('onRequest', async (request, reply) => guard(request, reply, options));
    const nowMs = options.clock === undefined ? Date.now : () => options.clock?.nowMs() ?? 0;
    const attempts = new Attempts(options.failedSignInsPerMinute ?? 10, nowMs);
    await app.register(authRoutes, { accounts: options.accounts, attempts });
  },
  { name: 'nongtin-accounts', fastify: '5.x' },
);

/** Entries of the table that the app does not serve, for the app's own test: the table lists no more than there is. */
export function missingRoutes(app: FastifyInstance, table: keyof typeof routeTable): string[] {
  return Object.keys(routeTable[table]).filter((key) => !app.registeredRoutes.has(key));
}

function refuseUnknownRoutes(table: keyof typeof routeTable, registered: ReadonlySet<string>): void {
  const unknown = [...registered].filter((key) => {
    const [method = '', pattern = ''] = key.split(' ');
    return accessOf(routeTable[table], method, pattern) === undefined;
  });
  if (unknown.length === 0) return;
  throw new StartProblem(
    `No one has decided who may call ${unknown.join(', ')}: add it to the ${table} table in accounts/routes.ts.`,
  );
}

async function guard(request: FastifyRequest, reply: FastifyReply, options: AccountsPluginOptions) {
  const pattern = request.routeOptions.url;
  if (pattern === undefined) return; // No such route: the app's own 404 follows.
  if (!safeMethods.has(request.method) && !fromOwnPage(request)) {
    return refuse(reply, { status: 403, code: 'foreign_origin', message: foreignOrigin });
  }
  const access = accessOf(routeTable[options.table], request.method, pattern) ?? [];
  if (access === 'public') return;
  if (access === 'loopback' && isLoopback(request)) return;
  request.account = options.isLocal?.(request.raw)
    ? LOCAL
    : await options.accounts.session(headersOf(request));
  const verdict = decide(access, request.account?.role);
  if (verdict !== 'allowed') return refuse(reply, verdict);
}

const foreignOrigin = 'This request comes from a page of another site, so it was not carried out.';

/** Browsers send Origin with every request that changes something; scripts without one use no ambient cookie. */
function fromOwnPage(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  if (request.headers['sec-fetch-site'] === 'cross-site') return false;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** The peer's own address, not a header's word; something forwarded by a proxy on this machine is not loopback. */
function isLoopback(request: FastifyRequest): boolean {
  if (request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined)
    return false;
  const address = request.socket.remoteAddress ?? '';
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

function headersOf(request: FastifyRequest): Headers {
  const headers = new Headers();
  const { cookie, authorization } = request.headers;
  if (cookie !== undefined) headers.set('cookie', cookie);
  if (authorization !== undefined) headers.set('authorization', authorization);
  return headers;
}

function refuse(reply: FastifyReply, { status, code, message }: Exclude<Verdict, 'allowed'>) {
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send({ error: { kind: 'your_input', code, message } });
}
