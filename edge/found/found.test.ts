import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Found } from './found.ts';

const MINUTE = 60_000;

function list({ placed = [] as string[], bridges = [] as string[] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-found-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const clock = { ms: 1_800_000_000_000, nowMs: () => clock.ms };
  const options = {
    ...{ path: join(folder, 'found.json'), clock, placed, isBridge: (id: string) => bridges.includes(id) },
    onError: (error: unknown) => expect.fail(String(error)),
  };
  const found = new Found(options);
  const says = (device: string, value = 20, channel = '') =>
    found.onReadings([{ device, metric: 'temperature', channel, value }], 'plain-json');
  return {
    found,
    clock,
    says,
    ids: () => found.list().map(({ id }) => id),
    again() {
      found.stop();
      const next = new Found(options);
      next.start();
      return next;
    },
  };
}

describe('a device without a place', () => {
  it('is found when it speaks, with its latest values, also after a restart', () => {
    const { says, clock, found, again } = list();
    says('probe-1', 20);
    clock.ms += MINUTE;
    says('probe-1', 21);
    const expected = [
      {
        ...{ id: 'probe-1', family: 'plain-json', isAnnouncedOnly: false, isDismissed: false },
        ...{ firstSeenAtMs: 1_800_000_000_000, lastSeenAtMs: 1_800_000_060_000 },
        values: [{ metric: 'temperature', channel: '', value: 21, atMs: 1_800_000_060_000 }],
      },
    ];
    expect(found.list()).toEqual(expected);
    expect(again().list()).toEqual(expected);
  });

  it('is found when it has only announced itself, and that is said until it speaks', () => {
    const { found, says } = list();
    found.onAnnounced('z2m.Van 1', 'zigbee2mqtt');
    expect(found.list()).toMatchObject([{ id: 'z2m.Van 1', family: 'zigbee2mqtt', isAnnouncedOnly: true }]);
    says('z2m.Van 1');
    expect(found.list()).toMatchObject([{ isAnnouncedOnly: false }]);
  });

  it('is found no more when it has a place, and again when it has lost it and speaks', () => {
    const { found, says, ids } = list({ placed: ['old'] });
    says('old');
    says('new');
    expect(ids()).toEqual(['new']);
    found.follow(['new']);
    expect(ids()).toEqual([]);
    says('old');
    says('new');
    expect(ids()).toEqual(['old']);
  });

  it('is a bridge only where it speaks for itself', () => {
    const { says, ids } = list({ bridges: ['z2m'] });
    says('z2m');
    says('z2m.Lá 1');
    expect(ids()).toEqual(['z2m.Lá 1']);
  });

  it('can be dismissed, and stays so over a restart', () => {
    const { found, says, again } = list();
    says('neighbour');
    expect([found.dismiss('neighbour', true), found.dismiss('nobody', true)]).toEqual([true, false]);
    says('neighbour');
    expect(again().list()).toMatchObject([{ id: 'neighbour', isDismissed: true }]);
  });

  it('goes with its credential, and so do those behind it', () => {
    const { found, says, ids } = list();
    for (const id of ['lns.a', 'lns', 'lns2']) says(id);
    found.forget('lns');
    expect(ids()).toEqual(['lns2']);
  });
});

describe('the list', () => {
  it('holds 500 devices: those silent for longest go, but none that speaks for one that makes up names', () => {
    const { says, ids, clock } = list();
    says('silent');
    clock.ms += 11 * MINUTE;
    for (let n = 0; n < 600; n++) says(`made-up-${n}`);
    expect(ids()).toHaveLength(500);
    expect(ids()).not.toContain('silent');
    says('late');
    expect(ids()).not.toContain('late');
    clock.ms += 11 * MINUTE;
    says('late');
    expect(ids()[0]).toBe('late');
    expect(ids()).toHaveLength(500);
  });

  it('keeps 32 values of one device', () => {
    const { says, found } = list();
    for (let n = 0; n < 50; n++) says('chatty', n, `c${n}`);
    expect(found.list()[0]?.values).toHaveLength(32);
  });
});
