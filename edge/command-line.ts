import { StartProblem } from '@nongtin/service';

/** Reads a file that a person named, or what is piped in for '-'; `what` should have been named. */
export type Read = (name: string, what: string) => string;

/** '--lower', '-2' → '--lower=-2': what looks like an option is a number below zero. */
export function withNegatives(args: readonly string[]): string[] {
  return args.flatMap((one, i) => {
    const next = args[i + 1] ?? '';
    if (/^-[\d.]/.test(one) && args[i - 1]?.startsWith('--')) return [];
    return one.startsWith('--') && /^-[\d.]/.test(next) ? [`${one}=${next}`] : [one];
  });
}

/** A number that was typed; undefined: none was. Throws a StartProblem with the option. */
export function typedNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new StartProblem(`${option} '${text}' is not a number`);
  return value;
}

/** Throws a StartProblem when a file that a person named is no JSON. */
export function parsedJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StartProblem(`${file} is no JSON: ${(error as Error).message}`);
  }
}
