import fc from 'fast-check';
import { expect, it } from 'vitest';
import { topics } from '../wire/index.ts';
import { filtersOf, LINKS, linkOf } from './subscriptions.ts';

const identity = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const role = fc.constantFrom('device', 'bridge', 'technician', 'node-red', 'gateway', 'cloud');

it('gives every filter to one link alone, and all of one identity to the same', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.record({ id: identity, role }), { selector: ({ id }) => id }), (people) => {
      const links = filtersOf(people);
      const all = links.flat();
      expect(new Set(all).size).toBe(all.length);
      for (const { id, role: its } of people) {
        const isSpeaker = its === 'device' || its === 'bridge';
        const holders = links.map(
          (filters) => filters.includes(`${id}/#`) && filters.includes(`tele/${id}/#`),
        );
        expect(holders.filter((holds) => holds)).toHaveLength(isSpeaker ? 1 : 0);
        expect(holders.indexOf(true)).toBe(isSpeaker ? linkOf(id) : -1);
      }
      expect(links[0]).toEqual(
        expect.arrayContaining([topics.zigbee.pattern, topics.homeAssistantDiscovery.pattern]),
      );
    }),
  );
});

it('puts an identity on the same link for ever, and many on all of them alike', () => {
  // What waits in a session is of those who were on it: these never change.
  expect(['valve-1', 'valve-2', 'probe9', 'soil-a1'].map(linkOf)).toEqual([1, 0, 3, 1]);
  const counts = Array.from({ length: LINKS }, () => 0);
  for (let index = 0; index < 1_000; index += 1) {
    const link = linkOf(`device-${index}`);
    counts[link] = (counts[link] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(150);
});
