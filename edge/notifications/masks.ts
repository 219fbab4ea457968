import type { Settings } from './settings.ts';

type Addresses = NonNullable<Settings['people'][number]['addresses']>;

/** Stands for what is not said; no address has it. */
const DOTS = '•••';

/** Settings as they leave the gateway: enough of each address to know whose it is, never all of it. */
export function masked(settings: Settings): Settings {
  return { ...settings, people: settings.people.map((person) => withAddresses(person, maskOf)) };
}

/**
 * Settings that come back: a mask stands for the address that this person has. Those of a person without it are told as problems, by
 * field.
 */
export function unmasked(
  wished: Settings,
  known: Settings | undefined,
): { readonly settings: Settings; readonly problems: readonly string[] } {
  const problems: string[] = [];
  // Whatever somebody sends: its shape is judged by who checks the whole.
  if (!Array.isArray(wished.people)) return { settings: wished, problems };
  const people = wished.people.map((person, n) => {
    if (typeof person !== 'object' || person === null) return person;
    const before = known?.people.find(({ id }) => id === person.id)?.addresses ?? {};
    return withAddresses(person, (address, channel) => {
      if (!address.includes(DOTS)) return address;
      const kept = before[channel];
      if (kept !== undefined && maskOf(kept, channel) === address) return kept;
      problems.push(`people[${n}].addresses.${channel} is not whole: type all of it`);
      return address;
    });
  });
  return { settings: { ...wished, people }, problems };
}

function withAddresses<P extends { readonly addresses?: Addresses }>(
  person: P,
  change: (address: string, channel: keyof Addresses) => string,
): P {
  if (typeof person.addresses !== 'object' || person.addresses === null) return person;
  const entries = Object.entries(person.addresses).map(([channel, address]) => [
    channel,
    typeof address === 'string' ? change(address, channel as keyof Addresses) : address,
  ]);
  return { ...person, addresses: Object.fromEntries(entries) };
}

function maskOf(address: string, channel: keyof Addresses): string {
  if (channel === 'webhook') return `${new URL(address).origin}/${DOTS}`;
  if (channel === 'email') return `${address.slice(0, 1)}${DOTS}@${address.split('@').at(-1)}`;
  // Of a short one its end would be all of it.
  if (address.length < 7) return DOTS;
  return `${channel === 'sms' ? address.slice(0, 4) : ''}${DOTS}${address.slice(-3)}`;
}
