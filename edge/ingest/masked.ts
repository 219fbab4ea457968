/**
 * The payload with the passwords in it starred, of the same length: what is kept of an unreadable message is signed, goes to
 * the cloud and stays. What stands behind the name of a secret is hidden, in a query string or a form as weather stations
 * send them, and in JSON.
 */
export function masked(payload: Uint8Array): Uint8Array {
  // One character a byte, whatever the bytes mean.
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1');
  let starred = text;
  for (const pattern of SECRETS)
    starred = starred.replace(
      pattern,
      (_all, name: string, value: string) => name + '*'.repeat(value.length),
    );
  return starred === text ? payload : Buffer.from(starred, 'latin1');
}

const NAME = '(?:pass(?:word|key|wd|code|phrase)|\\bpass|pwd|secret|token|api[_-]?key|app[_-]?key)\\d*';
const SECRETS = [
  `(${NAME}=)([^&\\r\\n]+)`,
  `(${NAME}["']?\\s*:\\s*")((?:[^"\\\\]|\\\\.)+)`,
  `(${NAME}["']?\\s*:\\s*)([^"\\s,}]+)`,
].map((pattern) => new RegExp(pattern, 'gi'));
