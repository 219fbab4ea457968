import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Quarantine } from './quarantine.ts';

const kept = (payload: Uint8Array) => {
  const where = { device: 'weather', topic: 't', detail: '', payload, atMs: 1 };
  return new Quarantine().admit({ ...where, cause: 'too_large' })[0] ?? expect.fail('the first one is kept');
};
const headOf = (text: string) => Buffer.from(kept(Buffer.from(text)).headBase64, 'base64').toString();

it.each([
  ['PASSKEY=0123ABCD&stationtype=GW1100A&tempf=x', 'PASSKEY=********&stationtype=GW1100A&tempf=x'],
  ['ID=weather&PASSWORD=a b%26c&tempf=x', 'ID=weather&PASSWORD=*******&tempf=x'],
  ['tempf=x&password=secret!', 'tempf=x&password=*******'],
  ['{"MqttPassword":"a, \\"b\\" c","t":', '{"MqttPassword":"**********","t":'],
  ['{"password": "cut in the mid', '{"password": "**************'],
  ['{"token":1234567,"t":1', '{"token":*******,"t":1'],
  ['{"passive":true,"bypass":1', '{"passive":true,"bypass":1'],
])('keeps no password of an unreadable message: %s', (payload, head) => {
  expect(headOf(payload)).toBe(head);
});

it('keeps a password neither in a hash by which it could be guessed, nor where the head ends', () => {
  const payload = Buffer.from(`${'x=1&'.repeat(511)}PASSWORD=abcdefgh`);
  const { sha256, headBase64, sizeBytes } = kept(payload);
  const starred = payload.toString().replace('abcdefgh', '********');
  expect(sha256).toBe(hash('sha256', starred));
  expect(sizeBytes).toBe(payload.length);
  expect(Buffer.from(headBase64, 'base64').toString()).toBe(starred.slice(0, 2_048));
});

it('leaves bytes that are no text as they are', () => {
  const payload = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(Buffer.from(kept(payload).headBase64, 'base64')).toEqual(Buffer.from(payload));
});
