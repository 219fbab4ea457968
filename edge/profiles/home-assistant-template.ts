/** A value as a template gives it; undefined: the message does not hold it. */
export type Scalar = string | number | boolean;

interface Scope {
  readonly text: string;
  /** The value at these keys of the JSON; undefined when there is none. */
  at(path: readonly string[]): unknown;
}

export interface Template {
  /** `json`: the payload as JSON; undefined when it is none. */
  evaluate(text: string, json: unknown): Scalar | undefined;
  /** What stands in `json` at everything that is read of it; undefined unless all of it is there. */
  read(json: unknown): readonly unknown[] | undefined;
  /** Which values of the JSON it reads, as keys. */
  readonly paths: readonly (readonly string[])[];
}

type Node = (scope: Scope) => unknown;

/** Longer ones are programs. */
export const LONGEST_TEMPLATE = 300;
const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\p{L}_])|(?<name>[\p{L}_][\p{L}\p{N}_]*)|"(?<double>[^"\\]*)"|'(?<single>[^'\\]*)'|(?<sign>\/\/|[-+*/%|().,=[\]]))/uy;

interface Token {
  readonly kind: 'number' | 'name' | 'text' | 'sign';
  readonly text: string;
}

/**
 * Reads a template of Home Assistant's MQTT discovery, as long as it is a path into the payload with filters and
 * arithmetic (`{{ value_json.a['b'][0] | float * 0.1 }}`). For anything else the reason why it is not understood:
 * templates are programs, and a device's programs are not run.
 */
export function parseTemplate(source: string): Template | { readonly problem: string } {
  if (source.length > LONGEST_TEMPLATE) return { problem: `longer than ${LONGEST_TEMPLATE} characters` };
  const inner = /^\s*\{\{-?(.*?)-?\}\}\s*$/s.exec(source)?.[1];
  if (inner === undefined || inner.includes('}}') || inner.includes('{{'))
    return { problem: 'not one value in {{ }}' };
  const tokens = tokensOf(inner);
  if (tokens === undefined) return { problem: 'signs that are neither a path nor arithmetic' };
  const parser = new Parser(tokens);
  const node = parser.whole();
  if (node === undefined) return { problem: 'not a path with filters and arithmetic' };
  const evaluate = (scope: Scope) => {
    const value = node(scope);
    if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
    return typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
  };
  const { paths } = parser;
  if (!parser.readsText && paths.length === 0) return { problem: 'it reads nothing of the message' };
  if (PROBES.every((probe) => evaluate({ text: String(probe), at: () => probe }) === undefined))
    return { problem: 'it gives no value, such as by a division by 0' };
  return {
    paths,
    evaluate: (text, json) => evaluate({ text, at: (path) => valueAt(json, path) }),
    read: (json) => {
      const values = paths.map((path) => valueAt(json, path));
      return values.includes(undefined) ? undefined : values;
    },
  };
}

/** What a device might say: a template that makes nothing of any of them makes nothing of anything. */
const PROBES = [1, 2.5];

function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const source = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) return undefined;
    const { number, name, double, single, sign } = groups;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else tokens.push({ kind: 'text', text: double ?? single ?? '' });
  }
  return tokens;
}

type Operations = Readonly<Record<string, (a: number, b: number) => number>>;

const SUMS: Operations = { '+': (a, b) => a + b, '-': (a, b) => a - b };
/** As Python has them: the remainder has the divisor's sign. */
const PRODUCTS: Operations = {
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '//': (a, b) => Math.floor(a / b),
  '%': (a, b) => a - b * Math.floor(a / b),
};

/** A filter binds tighter than arithmetic, as in Jinja: `a / 10 | round(1)` rounds the 10. */
class Parser {
  readonly paths: string[][] = [];
  readsText = false;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Node | undefined {
    const node = this.#sum();
    return this.#at === this.#tokens.length ? node : undefined;
  }

  #sum(): Node | undefined {
    return this.#chain(() => this.#product(), SUMS);
  }

  #product(): Node | undefined {
    return this.#chain(() => this.#filtered(), PRODUCTS);
  }

  #chain(next: () => Node | undefined, signs: Operations): Node | undefined {
    let left = next();
    while (left !== undefined) {
      const sign = this.#tokens[this.#at];
      const operate = sign?.kind === 'sign' && Object.hasOwn(signs, sign.text) ? signs[sign.text] : undefined;
      if (operate === undefined) return left;
      this.#at += 1;
      const [first, second] = [left, next()];
      left = second && ((scope) => joined(first(scope), second(scope), operate));
    }
    return undefined;
  }

  /** As in Jinja, `-a | abs` is the absolute of −a. */
  #filtered(): Node | undefined {
    let node = this.#signed();
    while (node !== undefined && this.#take('|')) {
      const filter = this.#filter();
      const inner = node;
      node = filter && ((scope) => filter(inner(scope)));
    }
    return node;
  }

  #signed(): Node | undefined {
    if (this.#take('+')) return this.#signed();
    if (!this.#take('-')) return this.#operand();
    const inner = this.#signed();
    return inner && ((scope) => ifNumber(inner(scope), (number) => -number));
  }

  #operand(): Node | undefined {
    if (this.#take('(')) {
      const inner = this.#sum();
      return this.#take(')') ? inner : undefined;
    }
    const token = this.#tokens[this.#at++];
    if (token?.kind === 'number') return () => Number(token.text);
    if (token?.kind !== 'name') return undefined;
    if (token.text === 'float' || token.text === 'int') return this.#call(token.text);
    if (token.text === 'value') {
      this.readsText = true;
      return (scope) => scope.text;
    }
    return token.text === 'value_json' ? this.#path() : undefined;
  }

  /** `float(value_json.a)`, with or without a default. */
  #call(name: 'float' | 'int'): Node | undefined {
    const inner = this.#take('(') ? this.#sum() : undefined;
    if (inner === undefined || (this.#take(',') && this.#sum() === undefined) || !this.#take(')'))
      return undefined;
    return (scope) => ifNumber(inner(scope), name === 'int' ? Math.trunc : (number) => number);
  }

  #path(): Node | undefined {
    const path: string[] = [];
    while (true) {
      if (this.#take('.')) {
        const name = this.#tokens[this.#at++];
        if (name?.kind !== 'name') return undefined;
        path.push(name.text);
      } else if (this.#take('[')) {
        const key = this.#tokens[this.#at++];
        if (key === undefined || key.kind === 'sign' || key.kind === 'name' || !this.#take(']'))
          return undefined;
        path.push(key.text);
      } else break;
    }
    this.paths.push(path);
    return (scope) => scope.at(path);
  }

  /** Defaults of filters are not used: a value that is not there is not there. */
  #filter(): ((value: unknown) => unknown) | undefined {
    const name = this.#tokens[this.#at++];
    const given = this.#arguments();
    if (name?.kind !== 'name' || given === undefined) return undefined;
    const first = given[0] ?? 0;
    // Another way of rounding, for one.
    if (given.some(Number.isNaN) && (name.text === 'round' || name.text === 'multiply')) return undefined;
    switch (name.text) {
      case 'float':
        return toNumber;
      case 'int':
        return (value) => ifNumber(value, Math.trunc);
      case 'round':
        return (value) =>
          ifNumber(value, (number) => Number(number.toFixed(Math.min(Math.max(first, 0), 20))));
      case 'multiply':
        return (value) => ifNumber(value, (number) => number * first);
      case 'abs':
        return (value) => ifNumber(value, Math.abs);
      case 'is_defined':
      case 'default':
        return (value) => value;
      default:
        return undefined;
    }
  }

  /** What stands in brackets, perhaps with names: numbers; NaN for texts and words. */
  #arguments(): number[] | undefined {
    const given: number[] = [];
    if (!this.#take('(')) return given;
    while (!this.#take(')')) {
      if (this.#tokens[this.#at + 1]?.text === '=') this.#at += 2;
      const sign = this.#take('-') ? -1 : 1;
      const token = this.#tokens[this.#at++];
      if (token === undefined || token.kind === 'sign') return undefined;
      given.push(token.kind === 'number' ? sign * Number(token.text) : Number.NaN);
      this.#take(',');
    }
    return given;
  }

  #take(sign: string): boolean {
    const token = this.#tokens[this.#at];
    const found = token?.kind === 'sign' && token.text === sign;
    if (found) this.#at += 1;
    return found;
  }
}

export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(value))
    return undefined;
  return Number(value);
}

const ifNumber = (value: unknown, then: (number: number) => number) => {
  const number = toNumber(value);
  return number === undefined ? undefined : then(number);
};

function joined(a: unknown, b: unknown, operate: (a: number, b: number) => number): number | undefined {
  const [first, second] = [toNumber(a), toNumber(b)];
  return first === undefined || second === undefined ? undefined : operate(first, second);
}

function valueAt(json: unknown, path: readonly string[]): unknown {
  let node = json;
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Record<string, unknown>)[key];
  }
  return node;
}
