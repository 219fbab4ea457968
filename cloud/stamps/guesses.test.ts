import { describe, expect, it } from 'vitest';
import { GuessLimit } from './guesses.ts';

function doorWith(limits: { ofOne: number; ofAll: number }) {
  let nowMs = 1_000;
  const limit = new GuessLimit(() => nowMs, limits);
  return {
    /** Whether it was answered. */
    ask: (address: string, isGuess: boolean) => {
      const tell = limit.begin(address);
      tell?.(isGuess);
      return tell !== undefined;
    },
    begin: (address: string) => limit.begin(address),
    wait: (ms: number) => {
      nowMs += ms;
    },
  };
}

const times = (count: number, work: (i: number) => boolean) =>
  Array.from({ length: count }, (_, i) => work(i)).filter((one) => one).length;

describe('asking for serials', () => {
  it('that are none is answered so many times a minute, from one network', () => {
    const door = doorWith({ ofOne: 3, ofAll: 100 });
    expect(times(10, (i) => door.ask(`2001:db8:1:2::${i}`, true))).toBe(3);
    expect(door.ask('2001:db8:1:3::1', true)).toBe(true);
    door.wait(60_000);
    expect(door.ask('2001:db8:1:2::1', true)).toBe(true);
  });

  it('that are genuine is never limited', () => {
    const door = doorWith({ ofOne: 3, ofAll: 5 });
    expect(times(500, (i) => door.ask(`203.0.113.${i % 2}`, false))).toBe(500);
  });

  it('is refused only to who has guessed, once there are too many guesses from everywhere', () => {
    const door = doorWith({ ofOne: 3, ofAll: 5 });
    expect(times(20, (i) => door.ask(`198.51.100.${i}`, true))).toBe(20);
    expect(door.ask('198.51.100.3', false)).toBe(false);
    expect(door.ask('203.0.113.9', false)).toBe(true);
    door.wait(60_000);
    expect(door.ask('198.51.100.3', true)).toBe(true);
    // Within the hour they are still known.
    expect(times(20, (i) => door.ask(`198.51.100.${i}`, true))).toBe(4);
    // Nor is that forgotten at the turn of an hour.
    door.wait(3_540_000);
    expect(times(20, (i) => door.ask(`198.51.100.${i}`, true))).toBe(5);
    door.wait(7_200_000);
    expect(times(20, (i) => door.ask(`198.51.100.${i}`, true))).toBe(20);
  });

  it('is refused to all networks of a site that has guessed, and to nobody else, however many sites there are', () => {
    const door = doorWith({ ofOne: 3, ofAll: 5 });
    const site = (i: number) => `2001:${(i >> 8).toString(16)}:${(i & 255).toString(16)}`;
    expect(times(120_000, (i) => door.ask(`${site(i)}:1::1`, true))).toBeGreaterThan(119_900);
    // The first of them is known after the last one, by whatever network it comes.
    expect(times(1_000, (i) => door.ask(`${site(i)}:2::1`, true))).toBe(0);
    const strangers = times(1_000, (i) => door.ask(`2a00:${i.toString(16)}::1`, false));
    expect(strangers).toBeGreaterThan(980);
  });

  it('counts before it is answered: parallel ones gain nothing', () => {
    const door = doorWith({ ofOne: 3, ofAll: 100 });
    const open = Array.from({ length: 10 }, () => door.begin('203.0.113.9'));
    expect(open.filter((one) => one !== undefined)).toHaveLength(3);
    const crowded = doorWith({ ofOne: 30, ofAll: 0 });
    const answered = Array.from({ length: 10 }, () => crowded.begin('203.0.113.9'));
    expect(answered.filter((one) => one !== undefined)).toHaveLength(1);
  });
});
