import { expect, it } from 'vitest';
import type { Takers, UplinkDoor } from '../uplink/door.ts';
import { heardUnlessRevoked, sentUnlessRevoked } from './revoked.ts';

const isRevoked = (gateway: string) => gateway === 'stolen';
const bytes = new Uint8Array();

it('hears of a revoked gateway its entries, whose refusal tells it so, and nothing else', async () => {
  const taken: string[] = [];
  const heard: string[] = [];
  const take = (name: string) => async (gateway: string) => void taken.push(`${gateway} ${name}`);
  // Whatever else gateways may come to say.
  const all = { uplinkEntries: take('entries'), uplinkLive: take('live') } as unknown as Takers;
  const guarded = heardUnlessRevoked(all, { isRevoked, onHeard: (gateway) => heard.push(gateway) });
  for (const gateway of ['own', 'stolen'])
    for (const one of Object.values(guarded)) await one(gateway, bytes);
  expect(taken).toEqual(['own entries', 'own live', 'stolen entries']);
  expect(heard).toEqual(['own', 'own', 'stolen', 'stolen']);
});

it('tells a revoked gateway that it is, and nothing else', async () => {
  const sent: string[] = [];
  const send: UplinkDoor['send'] = async (gateway, name) => void sent.push(`${gateway} ${name}`);
  const guarded = sentUnlessRevoked(send, { isRevoked });
  for (const gateway of ['own', 'stolen'])
    for (const name of ['uplinkAnswer', 'uplinkCommand'] as 'uplinkAnswer'[])
      await guarded(gateway, name, {});
  expect(sent).toEqual(['own uplinkAnswer', 'own uplinkCommand', 'stolen uplinkAnswer']);
});
