import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lastGatewayLogin, openCredentials, writeMosquittoFiles } from '@nongtin/broker';
import { StartProblem } from '@nongtin/service';
import type { MosquittoCommand } from './mosquitto-command.ts';

/**
 * Writes Mosquitto's files from what the gateway keeps on the disk, whether it runs or not: they hold hashes, which go over no
 * door of the gateway's.
 */
export function mosquitto({ folder }: MosquittoCommand, dataDir: string): string {
  const own = join(dataDir, 'gateway');
  const path = join(own, 'credentials.json');
  if (!existsSync(path))
    throw new StartProblem(
      `No gateway has run on ${dataDir}: start it once, or name its folder with NONGTIN_DATA_DIR=….`,
    );
  const credentials = openCredentials({ path });
  const login = lastGatewayLogin(join(own, 'external-broker.json'));
  const { without } = writeMosquittoFiles(folder, credentials, login);
  const missing = without.map((id) => `  npm run nongtin -- device rotate ${id}`);
  return [
    `${folder}: nongtin.conf, passwords, acl; log-ins: ${credentials.list().length - without.length}, and the gateway's own, ${login.username}`,
    ...(missing.length === 0
      ? []
      : ['Their passwords are older than this; give each another one, or they stay out:', ...missing]),
    `Let Mosquitto read them (chown -R mosquitto: ${folder}), include nongtin.conf from mosquitto.conf, and reload it.`,
  ].join('\n');
}
