import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartProblem } from '@nongtin/service';

export const USAGE = `Usage: npm run nongtin -- verify BUNDLE | LINK | - [--rpc URL]… [--trust FILE] [--stamp GTIN/SERIAL] [--lot NUMBER] [--json]
  Checks a proof bundle against the chain, and asks nobody else.
  BUNDLE   a file, or - for what is piped in; LINK: a stamp's link or a bundle's address, which is fetched first
  --rpc    an endpoint of the chain that you choose; two of different people are better than one
  --trust  the deployment that you trust (chain id, addresses, code hashes), from whom you trust; default: contracts/deployments
           of this checkout, or the chain of ./data
  --stamp  what is printed on the stamp in your hand; --lot: the lot that you ask about
  Exit code: 0 genuine, 10 not final yet, 20 the proof does not add up, 21 withdrawn, 22 not known to whom you trust,
  23 not signed, or not by a key that counted, 24 the chain does not know it, 30 could not be checked, 31 endpoints disagree,
  32 wrong chain, 33 only whoever made the proof was asked, 64 wrong usage, 65 no bundle`;

export interface VerifyArguments {
  /** A file's path, '-', or a URL. */
  readonly source: string;
  readonly rpcUrls: readonly string[];
  readonly trust?: string;
  readonly stamp?: { readonly gtin14: string; readonly serial: string };
  readonly lot?: string;
  readonly isJson: boolean;
}

const options = {
  rpc: { type: 'string', multiple: true },
  trust: { type: 'string' },
  stamp: { type: 'string' },
  lot: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** From what was typed; `from` is the folder in which the person stands. Throws a StartProblem that says what is wrong. */
export function readArguments(args: readonly string[], from: string): VerifyArguments {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [source, ...more] = positionals;
    if (source === undefined) throw new Error('a bundle is expected: a file, a link, or -');
    if (more.length > 0) throw new Error(`${more[0]} is too much`);
    const { rpc: rpcUrls = [], trust, stamp, lot, json: isJson } = values;
    for (const url of rpcUrls)
      if (!isWeb(url))
        throw new Error(`--rpc is "${url}": give an address that begins with https:// or http://`);
    return {
      ...{ source: source === '-' || isWeb(source) ? source : resolve(from, source), rpcUrls, isJson },
      ...(trust === undefined ? {} : { trust: resolve(from, trust) }),
      ...(stamp === undefined ? {} : { stamp: stampOf(stamp) }),
      ...(lot === undefined ? {} : { lot }),
    };
  } catch (error) {
    throw new StartProblem(`${(error as Error).message}\n${USAGE}`);
  }
}

export function isWeb(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/**
 * What a stamp's link says is printed on it: …/01/GTIN/21/SERIAL, the page it leads to, …/v/GTIN/SERIAL, and the address of its
 * bundle.
 */
export function stampOfLink(url: string): VerifyArguments['stamp'] {
  const { pathname } = new URL(url);
  for (const shape of LINKS) {
    const [, gtin14 = '', serial = ''] = shape.exec(pathname) ?? [];
    if (gtin14 !== '') return { gtin14, serial: decoded(serial).toUpperCase() };
  }
  return undefined;
}

const LINKS = [
  /\/01\/(\d{14})\/21\/([^/]+)\/?$/,
  /\/v\/(\d{14})\/([^/]+)\/?$/,
  /\/api\/proofs\/stamps\/(\d{14})\/([^/]+)$/,
];

/** A link that was cut off in the middle of a letter is no stamp's, and stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function stampOf(text: string): { gtin14: string; serial: string } {
  if (isWeb(text)) {
    const printed = stampOfLink(text);
    if (printed !== undefined) return printed;
  }
  const [, gtin14 = '', serial = ''] = /^(\d{14})\/(\S{1,20})$/.exec(text) ?? [];
  if (serial === '')
    throw new Error(`--stamp is "${text}": give 14 digits, / and the serial, or the stamp's link`);
  return { gtin14, serial: serial.toUpperCase() };
}
