import type { Takers, UplinkDoor } from '../uplink/door.ts';

/** What is asked of the register about whoever speaks or is spoken to. */
interface Ends {
  readonly isRevoked: (gateway: string) => boolean;
  /** Somebody came in as this gateway and said something. */
  readonly onHeard: (gateway: string) => void;
}

/**
 * What gateways say, but nothing of a revoked one: it is let in to be told that it is revoked, which is the answer to its
 * entries, and for nothing else.
 */
export function heardUnlessRevoked(takers: Takers, { isRevoked, onHeard }: Ends): Takers {
  const guarded = Object.entries(takers).map(([name, take]): [string, Takers[keyof Takers]] => [
    name,
    async (gateway, message) => {
      onHeard(gateway);
      if (name === 'uplinkEntries' || !isRevoked(gateway)) await take(gateway, message);
    },
  ]);
  return Object.fromEntries(guarded) as unknown as Takers;
}

/** The door's sending, but nothing to a revoked gateway except the answers that tell it so. */
export function sentUnlessRevoked(
  send: UplinkDoor['send'],
  { isRevoked }: Pick<Ends, 'isRevoked'>,
): UplinkDoor['send'] {
  return async (gateway, name, message) => {
    if (name === 'uplinkAnswer' || !isRevoked(gateway)) await send(gateway, name, message);
  };
}
