/**
 * A message of the uplink is JSON, plain or as one Zstandard frame (RFC 8878). No JSON begins with the frame's magic
 * number: its first byte is '(', so the first bytes tell the two apart, and whoever reads takes both.
 */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;

/** Of the JSON within a frame: four times the largest packet. More is refused before it is unpacked. */
export const MOST_UNPACKED_BYTES = 4 * 1024 * 1024;

export function isPacked(message: Uint8Array): boolean {
  return ZSTD_MAGIC.every((byte, index) => message[index] === byte);
}
