import type { Client } from 'aedes';

/** What we use of aedes' client (1.2), which its types leave out. */
interface Internals {
  readonly connackSent: boolean;
  readonly _keepaliveInterval: number;
  readonly _keepaliveTimer: { refresh(): void } | null;
}

const internalsOf = (client: Client): Internals => client as unknown as Internals;

/** Whether the client was told that it is connected: from then on aedes holds back none of its packets. */
export function hasConnack(client: Client): boolean {
  return internalsOf(client).connackSent;
}

/** What aedes does for each packet it sees: the client has shown that it is alive (MQTT 3.1.1, 3.1.2.10). */
export function keepAlive(client: Client): void {
  const { _keepaliveInterval, _keepaliveTimer } = internalsOf(client);
  if (_keepaliveInterval > 0) _keepaliveTimer?.refresh();
}
