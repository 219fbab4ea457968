import { pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * What `mosquitto_passwd` uses. More would only cost: our passwords are 144 random bits, which nobody finds by trying, while
 * Mosquitto hashes each log-in in its one thread, a thousand of them when the power comes back.
 */
const ITERATIONS = 101;
/** As Mosquitto 2.0 wants them; it drops a line with a salt of another length. */
const SALT_BYTES = 12;
const HASH_BYTES = 64;

/** A password as it stands in Mosquitto's password file behind `user:` (PBKDF2-HMAC-SHA-512). */
export function mosquittoHash(password: string, salt: Uint8Array = randomBytes(SALT_BYTES)): string {
  const hash = pbkdf2Sync(password, salt, ITERATIONS, HASH_BYTES, 'sha512');
  return `$7$${ITERATIONS}$${Buffer.from(salt).toString('base64')}$${hash.toString('base64')}`;
}

/** Whether this is the password's line, so that the same one need not be written again with another salt. */
export function isMosquittoHashOf(line: string, password: string): boolean {
  const salt = Buffer.from(line.split('$')[3] ?? '', 'base64');
  const [one, other] = [Buffer.from(line), Buffer.from(mosquittoHash(password, salt))];
  return one.length === other.length && timingSafeEqual(one, other);
}
