import { createBroker } from '@nongtin/broker';
import { type CommandOutcome, type RemoteCommand, topicOf } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { vi } from 'vitest';

export const until = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 20 });
const GATEWAY = 'gw-demo';

/** Where the cloud would be: hears outcomes, sends commands as often as a test likes. */
export async function cloudBroker() {
  const heard: (CommandOutcome & { ready?: boolean })[] = [];
  const broker = createBroker({
    ...{ host: '127.0.0.1', port: 0, logger: pino({ enabled: false }) },
    authenticate: (id) => ({ id, role: 'gateway' }),
    hook: {
      receive: async ({ topic, payload }) => {
        if (topic === topicOf('gatewayOutcome', GATEWAY))
          heard.push(JSON.parse(Buffer.from(payload).toString()));
      },
    },
  });
  await broker.start();
  return {
    broker,
    heard,
    send: (command: RemoteCommand) =>
      broker.publish(topicOf('gatewayCommand', GATEWAY), JSON.stringify(command), { qos: 1 }),
    steps: (id: string) => heard.filter(({ commandId }) => commandId === id).map(({ step }) => step),
  };
}

/** Ten minutes of water, valid as long. */
export function start(number: number, zone: string): RemoteCommand {
  const issuedAtMs = Date.now();
  return {
    ...{ id: `00000000-0000-4000-8000-00000000000${number}`, kind: 'start_zone', zone },
    ...{ durationSeconds: 600, issuedAtMs, expiresAtMs: issuedAtMs + 600_000, issuedBy: 'Chị Ba' },
  };
}
