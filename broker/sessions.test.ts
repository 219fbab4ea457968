import type { Client } from 'aedes';
import { describe, expect, it } from 'vitest';
import { Sessions } from './sessions.ts';

const valve = { id: 'valve-1', role: 'device' } as const;
const begin = (sessions: Sessions, clientId: string) =>
  sessions.begin({} as Client, valve, clientId, 0, 1_000);

describe('what one identity may leave behind', () => {
  it('is 10 lasting sessions: the one unused for longest goes, never one that is connected', () => {
    const sessions = new Sessions();
    const first = begin(sessions, 'connected');
    expect(sessions.keep(first)).toBeUndefined();
    for (let n = 1; n < 10; n += 1) {
      const session = begin(sessions, `c${n}`);
      expect(sessions.keep(session)).toBeUndefined();
      sessions.end(session.client);
    }
    expect(sessions.keep(begin(sessions, 'c1'))).toBeUndefined();
    expect(sessions.keep(begin(sessions, 'c10'))).toBe('valve-1/c2');
    expect(sessions.keep(begin(sessions, 'c11'))).toBe('valve-1/c3');
  });
});
