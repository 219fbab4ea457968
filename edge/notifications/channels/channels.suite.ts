import { describe, expect, it } from 'vitest';
import type { Channel, Message } from './channel.ts';

export const message = (to: string, more: Partial<Message> = {}): Message => ({
  ...{ id: 'm-1', to, priority: 'critical', language: 'vi', title: 'Trại Sáu: báo động KHẨN' },
  text: 'Trại Sáu: báo động KHẨN\n• 10:02 23/11 a1: Van không đóng, nước vẫn chảy 12 L/phút.\nhttp://farm.local:8081',
  short: 'Trại Sáu: báo động KHẨN. a1: Van không đóng, nước vẫn chảy 12 L/phút. http://farm.local:8081',
  ...{ link: 'http://farm.local:8081', createdAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 },
  ...more,
});

/** What the service does to the message that is sent next. */
export type Mood = 'well' | 'busy' | 'broken' | 'login' | 'unknown_address' | 'away';

export interface Stage {
  readonly channel: Channel;
  readonly to: string;
  /** What people can read in the last message that the service has taken. */
  readonly received: () => string | undefined;
  /** Never to be told: tokens, passwords, addresses. */
  readonly secrets: readonly string[];
}

const signal = () => new AbortController().signal;

/** How every channel behaves, whatever its service. `moods`: those that the service has. */
export function behavesAsAChannel(
  name: string,
  moods: readonly Mood[],
  stage: (mood: Mood) => Promise<Stage>,
): void {
  describe(`${name} as a channel`, () => {
    it('delivers a text in Vietnamese as it is', async () => {
      const { channel, to, received } = await stage('well');
      expect(await channel.send(message(to), signal())).toMatchObject({ outcome: 'accepted' });
      expect(received()).toContain('Van không đóng, nước vẫn chảy 12 L/phút.');
      await channel.stop();
    });

    const expected = {
      busy: 'later',
      broken: 'later',
      away: 'later',
      login: 'refused',
      unknown_address: 'refused',
    } as const;
    it.each(moods.filter((mood) => mood !== 'well'))(
      'names what becomes of it when the service is: %s',
      async (mood) => {
        const { channel, to, secrets } = await stage(mood);
        const said = await channel.send(message(to), signal());
        expect(said.outcome).toBe(expected[mood as keyof typeof expected]);
        expect(said).toMatchObject({ reason: { key: expect.stringMatching(/^notice_/) } });
        for (const secret of secrets) expect(JSON.stringify(said)).not.toContain(secret);
        await channel.stop();
      },
    );

    it('comes back at once when it is interrupted', async () => {
      const { channel, to } = await stage('well');
      const said = await channel.send(message(to), AbortSignal.abort());
      expect(said.outcome).toBe('later');
      await channel.stop();
    });
  });
}
