import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readStateFile } from '@nongtin/service';
import { type Role, roles } from './roles.ts';
import { createOnce } from './secret.ts';
import type { Accounts } from './types.ts';

interface Login {
  readonly email: string;
  readonly password: string;
}

/** Everything the demo farm needs to sign in anywhere. Kept in `demo.json`, mode 600. */
export interface DemoSecrets {
  readonly users: Readonly<Record<Role, Login>>;
  /** For what takes two managers; a demo from before has none. */
  readonly secondManager?: Login;
  /** Password per device id, for the farm's MQTT. */
  readonly devices: Readonly<Record<string, string>>;
  /** What the demo gateway signs in with at the cloud's MQTT. */
  readonly uplink: { readonly gateway: string; readonly password: string };
}

const demoDevices: readonly string[] = [
  ...['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2'].flatMap((zone) => [`soil-${zone}`, `valve-${zone}`]),
  ...['stock-a', 'stock-b', 'acid'].map((tank) => `dose-${tank}`),
  ...['ec-1', 'ec-2', 'ph-1'],
  'weather',
  'fert',
  'trap-1',
  'trap-2',
  'probe9',
];

const demoNames: Record<Role, string> = {
  member: 'Nguyễn Thị Sáu',
  technician: 'Trần Văn Kỹ',
  manager: 'Lê Minh Quản',
  alliance_officer: 'Phạm Thu Liên',
  auditor: 'Võ Hoàng Kiểm',
};

/** The demo's secrets: made at random once per data folder, the same for every process that asks. */
export function demoSecrets(dataDir: string): DemoSecrets {
  return createOnce(join(dataDir, 'demo.json'), isDemoSecrets, createDemoSecrets);
}

/** The secrets of a demo that was here before; undefined when there was none. */
export function earlierDemoSecrets(dataDir: string): DemoSecrets | undefined {
  return readStateFile(join(dataDir, 'demo.json'), isDemoSecrets);
}

/**
 * One demo user of each role and a second manager, with the passwords that `npm start` prints, unless somebody has changed them. Safe to repeat.
 */
export async function seedDemoUsers(accounts: Accounts, secrets: DemoSecrets): Promise<void> {
  const { users, secondManager } = secrets;
  await Promise.all([
    ...roles.map((role) => accounts.createUser({ ...users[role], name: demoNames[role], role })),
    ...(secondManager
      ? [accounts.createUser({ ...secondManager, name: 'Đỗ Thị Duyệt', role: 'manager' })]
      : []),
  ]);
}

/** Takes the demo's users out again, with their sessions. Safe to repeat. */
export async function withdrawDemoUsers(accounts: Accounts, secrets: DemoSecrets): Promise<void> {
  const { users, secondManager } = secrets;
  const logins = [...roles.map((role) => users[role]), ...(secondManager ? [secondManager] : [])];
  await Promise.all(logins.map(({ email }) => accounts.removeUser(email)));
}

function createDemoSecrets(): DemoSecrets {
  const login = (name: string): Login => ({
    email: `${name.replace('_', '-')}@demo.nongtin.local`,
    password: typedPassword(),
  });
  return {
    users: {
      member: login('member'),
      technician: login('technician'),
      manager: login('manager'),
      alliance_officer: login('alliance_officer'),
      auditor: login('auditor'),
    },
    secondManager: login('manager_2'),
    devices: Object.fromEntries(demoDevices.map((id) => [id, devicePassword()])),
    uplink: { gateway: 'gw-demo', password: devicePassword() },
  };
}

/** 80 random bits as four groups that a person can read out and type: Crockford's base32 has no i, l, o, u. */
function typedPassword(): string {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  const letters = [...randomBytes(16)].map((byte) => alphabet[byte % 32]).join('');
  return letters.replace(/(.{4})(?=.)/g, '$1-');
}

/** 128 random bits; hex needs no quoting in a shell and never looks like an option. */
function devicePassword(): string {
  return randomBytes(16).toString('hex');
}

function isDemoSecrets(value: unknown): value is DemoSecrets {
  const { users, secondManager, devices, uplink } = (value ?? {}) as Partial<DemoSecrets>;
  return (
    roles.every((role) => isText(users?.[role]?.email) && isText(users?.[role]?.password)) &&
    (secondManager === undefined || (isText(secondManager.email) && isText(secondManager.password))) &&
    typeof devices === 'object' &&
    devices !== null &&
    Object.values(devices).every(isText) &&
    isText(uplink?.gateway) &&
    isText(uplink?.password)
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
