import { StartProblem } from '@nongtin/service';
import type { Ask } from './client.ts';

interface Device {
  readonly id: string;
  readonly role: string | null;
  readonly family: string | null;
  readonly lastSeenAtMs: number | null;
}

/** Where devices reach the farm's MQTT. */
interface Doors {
  readonly host: string | null;
  readonly ownHosts: readonly string[];
  readonly mqttPort: number | null;
  readonly tlsPort: number | null;
}

export type DeviceCommand =
  | { readonly what: 'list' }
  | { readonly what: 'add'; readonly id: string; readonly role: string }
  | { readonly what: 'rotate' | 'revoke'; readonly id: string };

/** What a command about devices' credentials answers, for a person to read. */
export async function device(command: DeviceCommand, ask: Ask, nowMs: number): Promise<string> {
  switch (command.what) {
    case 'list':
      return listed(((await ask('GET', '/api/devices')) as { devices: Device[] }).devices, nowMs);
    case 'add': {
      const { id, role } = command;
      // Asked first: what is shown once must not be lost because another question went wrong.
      const doors = await doorsOf(ask);
      return issued(await ask('POST', '/api/devices', { id, role }), doors);
    }
    case 'rotate': {
      const doors = await doorsOf(ask);
      return issued(await ask('POST', `/api/devices/${encodeURIComponent(command.id)}/password`, {}), doors);
    }
    case 'revoke':
      await ask('DELETE', `/api/devices/${encodeURIComponent(command.id)}`);
      return `${command.id} may not sign in any more, and was disconnected.`;
  }
}

/** From what was typed. Throws an Error that says what is missing. */
export function deviceCommand([what, id, ...more]: readonly string[], role = 'device'): DeviceCommand {
  if (more.length > 0) throw new Error(`${more[0]} is too much`);
  if (what === 'list' && id === undefined) return { what };
  if (what !== 'add' && what !== 'rotate' && what !== 'revoke')
    throw new Error('add, list, found, place, rename, replace, rotate, retire or revoke is expected');
  if (id === undefined) throw new Error(`which device? ${what} ID`);
  return what === 'add' ? { what, id, role } : { what, id };
}

async function doorsOf(ask: Ask): Promise<Doors> {
  return (await ask('GET', '/api/tls')) as Doors;
}

function issued(answer: unknown, { host, ownHosts, mqttPort, tlsPort }: Doors): string {
  const { id, password } = answer as { id: string; password: string };
  if (typeof password !== 'string') throw new StartProblem('The gateway gave no password.');
  const here = ownHosts.length === 0 ? 'this machine' : `this machine: ${ownHosts.join(', ')}`;
  const ports = [mqttPort ?? [], tlsPort === null ? [] : `${tlsPort} with TLS`].flat();
  return [
    `server    ${host ?? here}`,
    `port      ${ports.join(', ') || 'none is open'}`,
    `user      ${id}`,
    `password  ${password}`,
    `It is shown this once; replace it with: npm run nongtin -- device rotate ${id}`,
  ].join('\n');
}

function listed(devices: readonly Device[], nowMs: number): string {
  if (devices.length === 0) return 'There are no devices yet: npm run nongtin -- device add ID';
  const rows = devices.map(({ id, role, family, lastSeenAtMs }) => [
    id,
    role ?? 'behind a bridge',
    family ?? '',
    lastSeenAtMs === null
      ? 'not heard'
      : `heard ${Math.max(0, Math.round((nowMs - lastSeenAtMs) / 1_000))} s ago`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
