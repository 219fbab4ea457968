/** A signed-in caller of one service's API, as anybody's script would be. */
export interface Caller {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** The answer as it came: a file. */
  postForText(path: string): Promise<string>;
}

interface Login {
  readonly email: string;
  readonly password: string;
}

const CALL_MS = 20_000;

export async function signIn(base: string, login: Login): Promise<Caller> {
  const response = await send(base, 'POST', '/api/auth/sign-in/email', login);
  const authorization = `Bearer ${response.headers.get('set-auth-token') ?? ''}`;
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    (await send(base, method, path, body, { authorization })).json() as Promise<T>;
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    postForText: async (path) => (await send(base, 'POST', path, undefined, { authorization })).text(),
  };
}

async function send(base: string, method: string, path: string, body?: unknown, extra: HeadersInit = {}) {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { ...extra, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_MS),
  });
  if (response.ok) return response;
  throw new Error(`${method} ${path} was answered ${response.status}: ${messageOf(await response.text())}`);
}

function messageOf(text: string): string {
  try {
    return String(JSON.parse(text).error.message);
  } catch {
    return text.slice(0, 200);
  }
}
