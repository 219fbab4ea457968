import { describe, expect, it } from 'vitest';
import { digitsOf, usePin } from './pin.ts';

const stamp = { gtin14: '08936000000011', serial: '00000100000WF7CHJ0NB' };
const asked: string[] = [];
const answering = (status: number, body: object) =>
  (async (path: string, init: RequestInit) => {
    asked.push(`${path} ${init.body}`);
    return Response.json(body, { status });
  }) as typeof fetch;

describe('the number under the scratch layer', () => {
  it('is eight digits, however they are typed', () => {
    const typed = ['12345678', '1234 5678', '12.34-56 78', '１２３４　５６７８'];
    expect(typed.map(digitsOf)).toEqual(Array(4).fill('12345678'));
    expect(['', '1234567', '123456789', '1234567a'].map(digitsOf)).toEqual(Array(4).fill(undefined));
  });

  it.each([
    [200, { isFirst: true, activatedAtMs: 5 }, { kind: 'first', activatedAtMs: 5 }],
    [200, { isFirst: false, activatedAtMs: 5 }, { kind: 'again', activatedAtMs: 5 }],
    [403, {}, { kind: 'wrong' }],
    [409, {}, { kind: 'withdrawn' }],
    [429, { retryAfterSeconds: 30 }, { kind: 'wait', seconds: 30 }],
    [500, {}, { kind: 'unreachable' }],
  ])('is asked of the server alone: %i is told in words', async (status, body, result) => {
    expect(await usePin(stamp, '12345678', answering(status, body))).toEqual(result);
    expect(asked.at(-1)).toBe(`/api/verify/08936000000011/00000100000WF7CHJ0NB/activate {"pin":"12345678"}`);
  });

  it('cannot be judged without the server', async () => {
    const silent = (() => Promise.reject(new TypeError('fetch failed'))) as typeof fetch;
    expect(await usePin(stamp, '12345678', silent)).toEqual({ kind: 'unreachable' });
  });
});
