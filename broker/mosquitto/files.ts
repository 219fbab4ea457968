import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { explainProblem, syncFolder, writeDurably } from '@nongtin/service';
import type { Identity } from '../acl.ts';
import type { CredentialStore } from '../credentials.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { accessList } from './access-list.ts';

/** The gateway's own log-in at Mosquitto. */
export interface ControllerLogin {
  readonly username: string;
  /** As `mosquittoHash` gives it. */
  readonly mosquitto: string;
}

export interface MosquittoFiles {
  readonly folder: string;
  /** Who cannot sign in there until their password is rotated: it was issued before it was kept for Mosquitto. */
  readonly without: readonly string[];
}

/**
 * Writes what Mosquitto needs in place of our own broker: `nongtin.conf` to be included, `passwords` and `acl`. Each is
 * replaced whole, and only when it differs, `acl` last: whoever watches that one finds the others done. Their owner alone can
 * read them; Mosquitto has to be given them.
 */
export function writeMosquittoFiles(
  folder: string,
  credentials: Pick<CredentialStore, 'list' | 'mosquittoHashes'>,
  controller: ControllerLogin,
): MosquittoFiles {
  const hashes = credentials.mosquittoHashes();
  // Another with the gateway's name would get its rights.
  const all = credentials.list();
  const people = all.filter(({ id }) => id !== controller.username);
  const lines = people.flatMap(({ id }) => (hashes.has(id) ? [`${id}:${hashes.get(id)}`] : []));
  const gateway: Identity = { id: controller.username, role: 'controller' };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    put(folder, 'nongtin.conf', configuration(resolve(folder)));
    put(folder, 'passwords', `${[`${controller.username}:${controller.mosquitto}`, ...lines].join('\n')}\n`);
    put(folder, 'acl', accessList([gateway, ...people]));
  } catch (error) {
    throw explainProblem(error, { path: folder });
  }
  const isOut = ({ id }: Identity) => id === controller.username || !hashes.has(id);
  return { folder, without: all.filter(isOut).map(({ id }) => id) };
}

function put(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  if (textOf(path) === text) return;
  writeDurably(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  syncFolder(folder);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function configuration(folder: string): string {
  return `# Made by Nong Tin; changes are lost. Include it from mosquitto.conf (include_dir), and put the listeners there.
per_listener_settings false
allow_anonymous false
password_file ${join(folder, 'passwords')}
acl_file ${join(folder, 'acl')}

# What waits for the gateway survives a restart of Mosquitto; a power cut takes what came since it last saved, in seconds.
persistence true
autosave_interval 60

# On their way to the gateway and not acknowledged yet; acknowledgements wait for its disk. Stock: 20.
max_inflight_messages 1000
# While the gateway is away; a day of a hundred devices that speak every minute. Stock: 1000, and then messages are dropped.
max_queued_messages 150000
max_queued_bytes 67108864
# A command is for now: it goes out at QoS 0, and nobody gets it later.
queue_qos0_messages false
persistent_client_expiration 30d

# As our own broker: 1 MiB of payload, and 64 KiB for topic and header.
max_packet_size ${DEFAULT_LIMITS.packetBytes}
`;
}
