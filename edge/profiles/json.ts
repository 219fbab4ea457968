import { isUtf8 } from 'node:buffer';
import { type ParseProblem, problem } from './profile.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const MOST_BYTES = 64 * 1024;
const MOST_FIELDS = 256;
const DEEPEST = 4;

/** One JSON object, bounded in size; or what is wrong with it. */
export function readObject(payload: Uint8Array): { object: JsonObject } | ParseProblem {
  const read = readJson(payload);
  if (!('value' in read)) return read;
  if (isObject(read.value)) return { object: read.value };
  return problem('not_an_object', `a JSON object is expected, not ${describe(read.value)}`);
}

/** Any JSON value, bounded in size; or what is wrong with it. */
export function readJson(payload: Uint8Array, mostBytes = MOST_BYTES): { value: unknown } | ParseProblem {
  if (payload.length > mostBytes) {
    return problem('too_large', `${payload.length} bytes; at most ${mostBytes} are read`);
  }
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const text = bytes.toString('utf8');
  // What is no UTF-8 becomes this letter, which a text may also hold by itself: hardly any does, and then it is looked into.
  if (text.includes('\ufffd') && !isUtf8(bytes)) return problem('not_utf8', 'the payload is no UTF-8 text');
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const { message } = error as Error;
    return almostJson(text) ?? problem('invalid_json', `${where(text, message)}: ${message}`);
  }
}

/**
 * A text, or what C and Python print for a number that is none, which JSON does not have. A text without an end goes to
 * the end: it is never looked through a second time.
 */
const TEXT_OR_NO_NUMBER = /"(?:[^"\\]+|\\.|\\$)*(?:"|$)|(?<![\w.])[-+]?(?:nan|inf(?:inity)?)(?![\w.])/gis;
const ALMOST = /^\uFEFF|nan|inf/i;

/** With the mark of byte order that some editors and libraries put before a text, and with NaN as null. */
function almostJson(text: string): { value: unknown } | undefined {
  if (!ALMOST.test(text)) return undefined;
  const plain = text.replace(/^\uFEFF/, '');
  try {
    return {
      value: JSON.parse(plain.replace(TEXT_OR_NO_NUMBER, (found) => (found[0] === '"' ? found : 'null'))),
    };
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

const TOKEN =
  /[ \t\r\n]*(?:[{}[\],:]|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w))/uy;

/** The engine names the position only for some errors; for the others it is where the last whole token ends. */
function where(text: string, message: string): string {
  const named = /position (\d+)/.exec(message)?.[1];
  if (named !== undefined) return `at ${named}`;
  let end = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.test(text)) end = TOKEN.lastIndex;
  return end < text.trimEnd().length ? `at ${end}` : `before ${end}`;
}

/** One value that is neither object nor array, with the keys that lead to it. */
export interface Leaf {
  readonly path: readonly string[];
  readonly value: string | number | boolean | null;
}

/** Every leaf, in the order of the text; bounded in number and depth. Array elements have their index as key. */
export function leavesOf(object: JsonObject): Leaf[] | ParseProblem {
  const leaves: Leaf[] = [];
  const walk = (node: unknown, path: readonly string[]): ParseProblem | undefined => {
    if (typeof node !== 'object' || node === null) {
      leaves.push({ path, value: node as Leaf['value'] });
      return leaves.length > MOST_FIELDS
        ? problem('too_many_fields', `more than ${MOST_FIELDS} fields`)
        : undefined;
    }
    if (path.length >= DEEPEST) return problem('too_deep', `nested deeper than ${DEEPEST} levels`);
    for (const [key, child] of Object.entries(node)) {
      const stop = walk(child, [...path, key]);
      if (stop !== undefined) return stop;
    }
    return undefined;
  };
  return walk(object, []) ?? leaves;
}
