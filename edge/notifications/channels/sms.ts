import type { Modem } from '../modem/modem.ts';
import { accepted, type Channel, later, type Outcome } from './channel.ts';

/** SMS by a modem of our own: it needs no internet. */
export function createSms(modem: Modem): Channel {
  const closedBy = async (signal: AbortSignal, work: () => Promise<Outcome>): Promise<Outcome> => {
    if (signal.aborted) return later('notice_interrupted');
    const close = () => modem.close();
    signal.addEventListener('abort', close);
    try {
      return await work();
    } finally {
      signal.removeEventListener('abort', close);
    }
  };
  return {
    name: 'sms',
    send: ({ to, short }, signal) => closedBy(signal, () => modem.send(to, short)),
    check: (signal) => closedBy(signal, async () => (await modem.ready()) ?? accepted()),
    async stop() {
      modem.close();
    },
  };
}
