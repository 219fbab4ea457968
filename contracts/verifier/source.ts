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

interface Source {
  readonly value: unknown;
  /** Who was asked for it, and who has answered: addresses. None: a file. */
  readonly from: readonly string[];
}

/** The bundle's JSON: from a file, from what is piped in, or fetched from the address of a stamp or a bundle. */
export async function readSource(source: string): Promise<Source> {
  const { text, from } = isWeb(source)
    ? await fetched(bundleUrl(source))
    : { text: fromFile(source), from: [] };
  return { value: bundleIn(parsed(text, source === '-' ? 'what is piped in' : source), source), from };
}

function parsed(text: string, name: string): unknown {
  // Some editors begin a file with a mark of its byte order.
  const json = text.replace(/^\ufeff/, '');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new NoBundle(`${name} is no JSON: ${(error as Error).message}`);
  }
  const twice = nameThatStandsTwice(json);
  if (twice === undefined) return value;
  throw new NoBundle(
    `${name} is no bundle: ${twice} stands twice in one object, so that readers may read two things.`,
  );
}

/** Of valid JSON. JSON.parse takes the last one, other programs the first. Letter by letter: a pattern's stack has an end. */
function nameThatStandsTwice(json: string): string | undefined {
  const open: Set<string>[] = [];
  let last = '';
  for (let at = 0; at < json.length; at++) {
    const letter = json[at];
    if (letter === '"') {
      const end = endOfText(json, at);
      last = json.slice(at, end + 1);
      at = end;
    } else if (letter === '{') open.push(new Set());
    else if (letter === '}') open.pop();
    else if (letter === ':') {
      const name = JSON.stringify(JSON.parse(last));
      if (open.at(-1)?.has(name)) return name;
      open.at(-1)?.add(name);
    }
  }
  return undefined;
}

/** Where the text that begins at `from` has its closing quote. */
function endOfText(json: string, from: number): number {
  let at = from + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
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
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    throw new StartProblem(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (bytes.length > MOST_BYTES)
    throw new NoBundle(`${path} is no bundle: it has more than ${MOST_BYTES} bytes.`);
  return bytes.toString('utf8');
}

async function fetched(url: string): Promise<{ text: string; from: readonly string[] }> {
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
    return { text: Buffer.concat(chunks).toString('utf8'), from: [url, response.url] };
  } catch (error) {
    throw new NoBundle(
      `${url} does not answer: ${reasonOf(error as Error)}. Try again, or give the bundle as a file.`,
    );
  }
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
