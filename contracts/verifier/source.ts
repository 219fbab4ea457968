import { readFileSync } from 'node:fs';
import { StartProblem } from '@nongtin/service';
import { isWeb, stampOfLink } from './arguments.ts';

/** A bundle of many levels of a season is some 50 KB. */
const MOST_BYTES = 5_000_000;
const TIMEOUT_MS = 15_000;

/** No bundle, whatever it is; `message` says why. */
export class NoBundle extends Error {
  override readonly name = 'NoBundle';
}

/** The bundle's JSON: from a file, from what is piped in, or fetched from the address of a stamp or a bundle. */
export async function readSource(source: string): Promise<unknown> {
  const text = isWeb(source) ? await fetched(bundleUrl(source)) : fromFile(source);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NoBundle(
      `${source === '-' ? 'what is piped in' : source} is no JSON: ${(error as Error).message}`,
    );
  }
  return bundleIn(value, source);
}

/** A stamp's link leads to a page; its bundle is at its side. */
function bundleUrl(source: string): string {
  const printed = stampOfLink(source);
  if (printed === undefined) return source;
  const { origin } = new URL(source);
  return `${origin}/api/proofs/stamps/${printed.gtin14}/${encodeURIComponent(printed.serial)}`;
}

/** What the server answers about a stamp holds the bundle too, or says why there is none. */
function bundleIn(value: unknown, source: string): unknown {
  const { answer, bundle, problem, error } = (value ?? {}) as Record<string, unknown>;
  if (typeof answer === 'string' && bundle !== undefined) {
    if (bundle !== null) return bundle;
    throw new NoBundle(
      `${source} has no proof: the server says "${answer}"${problem ? `, ${problem}` : ''}.`,
    );
  }
  const message = (error as { message?: unknown } | undefined)?.message;
  if (typeof message === 'string') throw new NoBundle(`${source} has no proof: ${message}`);
  return value;
}

function fromFile(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new StartProblem(`${path} cannot be read: ${(error as Error).message}`);
  }
}

async function fetched(url: string): Promise<string> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw new StartProblem(
      `${url} does not answer: ${reasonOf(error as Error)}. Try again, or give the bundle as a file.`,
    );
  }
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
