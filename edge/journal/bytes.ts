const SMALLEST = 4_096;
/** Of one character (a UTF-16 code unit) in UTF-8, at the most. */
const MOST_OF_A_CHARACTER = 3;

/**
 * Bytes gathered one after the other. Text becomes bytes when it comes: thousands of strings that wait for a commit are
 * what a garbage collector has to carry around, one buffer is not.
 */
export class Bytes {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(SMALLEST, Math.ceil(capacity)));
  }

  get length(): number {
    return this.#length;
  }

  addText(text: string): void {
    this.#makeRoom(text.length * MOST_OF_A_CHARACTER);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  add(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What was gathered, in a buffer that belongs to it alone. Nothing can be added afterwards. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/**
 * Frees bytes that nobody looks at again, now. The journal's thread has so small a heap that its collector would let
 * 50 MiB of them lie. Pieces of Node's pool belong to others as well and are left alone.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.detached) return;
  if (buffer.byteLength === byteLength || buffer.byteLength !== Buffer.poolSize) buffer.transfer(0);
}
