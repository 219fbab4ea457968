/** A sentence of the page's catalogue, by its key, and the figures in it. */
export interface Reason {
  key: string;
  figures: Record<string, string | number>;
}

export interface Account {
  id: string;
  name: string;
  email: string;
  role: string;
}

/** A request that was answered with an error; `kind` says whose turn it is. */
export class ApiError extends Error {
  readonly status: number;
  readonly kind: string;
  /** By which the page has words of its own for it. */
  readonly reason: Reason | undefined;

  constructor(status: number, kind: string, message: string, reason?: Reason) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.reason = reason;
  }
}

/** What an error says to a person, as far as it has words of its own. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Asks the page's own server: GET without a body, else POST. Rejects with an ApiError when it answers with an error. */
export async function call<T>(path: string, body?: unknown, method?: 'DELETE' | 'PUT'): Promise<T> {
  const response = await fetch(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  const answer: unknown = text === '' ? null : JSON.parse(text);
  if (response.ok) return answer as T;
  const error = (answer as { error?: { kind?: string; message?: string; reason?: Reason } } | null)?.error;
  const message = error?.message ?? response.statusText;
  throw new ApiError(response.status, error?.kind ?? 'our_fault', message, error?.reason);
}

/** The account of this browser's session, or null. */
export async function currentAccount(): Promise<Account | null> {
  const session = await call<{ user: Account } | null>('/api/auth/get-session');
  return session?.user ?? null;
}

export async function signIn(email: string, password: string): Promise<void> {
  await call('/api/auth/sign-in/email', { email, password });
}

export async function signOut(): Promise<void> {
  await call('/api/auth/sign-out', {});
}
