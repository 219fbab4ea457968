import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TestGateway } from '../testing/gateway.ts';
import { checkEntries, publicKeyFrom } from './check.ts';
import type { StoredEntry } from './entry-store.ts';

const gateway = new TestGateway('gw-1');
for (let n = 0; n < 12; n++) gateway.append('');
const key = publicKeyFrom(gateway.publicKey);

it('ends with an unbroken beginning of the journal, whatever is sent in whatever order', () => {
  const message = fc.array(fc.nat({ max: gateway.journal.length - 1 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const store: StoredEntry[] = [];
      for (const indices of messages) {
        const head = store.at(-1);
        const hashOf = (number: number) => store[number - 1]?.hash;
        const entries = indices.flatMap((index) => gateway.journal[index] ?? []);
        const { fresh, duplicates, refused, fork } = checkEntries(entries, key, { head, hashOf });
        store.push(...fresh);
        expect(fork).toBeUndefined();
        if (refused === undefined) expect(fresh.length + duplicates).toBe(entries.length);
        else expect(refused.kind).toBe('gap');
      }
      expect(store.map(({ hash: _, ...entry }) => entry)).toEqual(gateway.journal.slice(0, store.length));
    }),
  );
});

it('finds any single changed character of a signed entry', () => {
  const [, second] = gateway.journal;
  const head = { number: 1, hash: second?.previousHash ?? '' };
  fc.assert(
    fc.property(
      fc.constantFrom('previousHash', 'bootId', 'signature'),
      fc.nat(),
      fc.nat({ max: 14 }),
      (field, at, by) => {
        if (second === undefined) return false;
        const text = second[field];
        const place = at % text.length;
        const digit = (Number.parseInt(text[place] ?? '', 16) + 1 + by) % 16;
        const bent = text.slice(0, place) + digit.toString(16) + text.slice(place + 1);
        const { fresh, refused } = checkEntries([{ ...second, [field]: bent }], key, {
          head,
          hashOf: () => undefined,
        });
        return fresh.length === 0 && refused?.kind === 'signature';
      },
    ),
  );
});
