import type { Aedes, Client } from 'aedes';
import { describe, expect, it } from 'vitest';
import { keepOnlyForConnected } from './persistence.ts';
import { Sessions } from './sessions.ts';

describe('the queue of messages to deliver', () => {
  it('takes a message only for a connected client that may receive it', async () => {
    const queued: string[] = [];
    const persistence = {
      async outgoingEnqueueCombi(subscriptions: readonly { clientId: string }[], _packet: { topic: string }) {
        queued.push(...subscriptions.map(({ clientId }) => clientId));
      },
    };
    const sessions = new Sessions();
    const begin = (id: string) => {
      const client = {} as Client;
      return sessions.begin(client, { id, role: 'device' }, 'x', 0, 1_000);
    };
    keepOnlyForConnected({ persistence } as unknown as Aedes, sessions);
    const gone = begin('valve-3');
    sessions.end(gone.client);
    const keys = [begin('valve-1').key, begin('valve-2').key, gone.key];
    const subscriptions = keys.map((clientId) => ({ clientId }));
    for (const topic of ['cmnd/valve-1/POWER', 'cmnd/valve-3/POWER']) {
      await persistence.outgoingEnqueueCombi(subscriptions, { topic });
    }
    expect(queued).toEqual(['valve-1/x']);
  });
});
