import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Attempts } from './attempts.ts';
import type { Accounts } from './types.ts';

interface AuthRoutesOptions {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
}

const BODY_LIMIT_BYTES = 16_384;
const SIGN_IN_PATH = '/api/auth/sign-in/email';

/** Hands /api/auth/* to the auth library and gives its refusals our shape. */
export async function authRoutes(app: FastifyInstance, { accounts, attempts }: AuthRoutesOptions) {
  // The library reads the body itself, an empty one included.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.route({
    method: ['GET', 'POST'],
    url: '/api/auth/*',
    bodyLimit: BODY_LIMIT_BYTES,
    schema: { hide: true } as object,
    handler: async (request, reply) => {
      const signingIn = request.method === 'POST' && request.url.split('?')[0] === SIGN_IN_PATH;
      if (!signingIn) return sendWebResponse(reply, await accounts.handler(toWebRequest(request)));
      // Any other form the library might read differently from us, and the try would count for somebody else.
      if (!isJson(request)) return reply.code(415).send(onlyJson);
      const email = emailIn(request.body);
      if (!attempts.begin(request.ip, email)) return reply.code(429).send(waitAMinute);
      const response = await accounts.handler(toWebRequest(request));
      if (response.ok && email !== undefined) attempts.succeeded(request.ip, email);
      return sendWebResponse(reply, response);
    },
  });
}

const waitAMinute = {
  error: {
    kind: 'try_later',
    code: 'too_many_sign_ins',
    message: 'Too many wrong sign-ins from your address. Try again in a minute.',
  },
};

const onlyJson = {
  error: { kind: 'your_input', code: 'only_json', message: 'Sign in with a body of application/json.' },
};

function isJson(request: FastifyRequest): boolean {
  return /^application\/json(; *charset=utf-8)?$/i.test(request.headers['content-type'] ?? '');
}

function emailIn(body: unknown): string | undefined {
  const { email } = parse(String(body));
  return typeof email === 'string' ? email : undefined;
}

function toWebRequest(request: FastifyRequest): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  headers.delete('content-length');
  // Node's own fetch sends sec-fetch-mode without an Origin, which the library takes for a browser that hides it.
  // The guard has already looked at both.
  if (!headers.has('origin')) headers.delete('sec-fetch-mode');
  const body = typeof request.body === 'string' && request.body !== '' ? request.body : null;
  const url = new URL(request.url, `${request.protocol}://${request.host}`);
  return new Request(url, { method: request.method, headers, body });
}

async function sendWebResponse(reply: FastifyReply, response: Response) {
  reply.code(response.status);
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie' && name !== 'content-length') reply.header(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) reply.header('set-cookie', cookies);
  const text = await response.text();
  if (response.ok) return reply.send(text);
  return reply.type('application/json').send(refusal(response.status, text));
}

function refusal(status: number, text: string) {
  const kind = status === 429 || status === 503 ? 'try_later' : status >= 500 ? 'our_fault' : 'your_input';
  const { code, message } = parse(text);
  return {
    error: {
      kind,
      code: typeof code === 'string' ? code.toLowerCase() : 'refused',
      message: typeof message === 'string' ? message : 'This was refused.',
    },
  };
}

function parse(text: string): { code?: unknown; message?: unknown; email?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
