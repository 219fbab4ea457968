import type { WriteOutcome } from './store.ts';

/** The address to ask, ending in a slash, and the login: fetch refuses a URL that holds one, and repeats it in its error. */
export function addressOf(url: string, login: { username?: string; password?: string } = {}) {
  const address = new URL(url);
  const username = login.username ?? decoded(address.username);
  const password = login.username === undefined ? decoded(address.password) : (login.password ?? '');
  address.username = '';
  address.password = '';
  address.search = '';
  address.hash = '';
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  return { address, username, password };
}

/** What a request that got no answer means for its lines. */
export function unreachable(error: unknown): WriteOutcome {
  // A name with several addresses: none of them was reached, and the whole has no words of its own.
  const { message, cause } = (error instanceof AggregateError ? (error.errors[0] ?? error) : error) as Error;
  return { outcome: 'wait', reason: cause instanceof Error ? `${message}: ${cause.message}` : message };
}

/** A password with a lone '%' was not encoded by who wrote it down. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
