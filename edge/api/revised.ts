import { Type } from '@fastify/type-provider-typebox';
import type { Account } from '@nongtin/accounts';
import type { Reason } from '@nongtin/broker/wire';
import { ApiProblem } from './errors.ts';
import { ApiError } from './schemas.ts';

/** What routes of notes have in common that people take down, correct and withdraw: sprays, trap counts, what was seen. */

/** Of a correction and a withdrawal: the revision that was seen, and why. */
export const Change = {
  revision: Type.Integer({ minimum: 1 }),
  why: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }),
};
export const strict = { additionalProperties: false } as const;
export const refusals = { 400: ApiError, 404: ApiError, 409: ApiError, 503: ApiError };

const STATUS = { wrong: 400, unknown: 404, conflict: 409 } as const;
type Refusal = { readonly refused: Reason; readonly kind: keyof typeof STATUS };

/** What was done, or an error that says why not: in English, for who reads the API's answers; the pages say it by key. */
export function taken<T extends object>(answer: T | Refusal): T {
  if (!('refused' in answer)) return answer;
  const { refused, kind } = answer as Refusal;
  const figures = Object.entries(refused.figures).map(([name, value]) => `${name} ${value}`);
  const detail = figures.length === 0 ? '' : ` (${figures.join(', ')})`;
  throw new ApiProblem(STATUS[kind], `Nothing was recorded: ${refused.key}${detail}.`, refused);
}

/** Who asks, as records name people. */
export function person(account: Account | undefined) {
  return { id: account?.id ?? '', name: account?.name ?? '', role: account?.role ?? '' };
}
