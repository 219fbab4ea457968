import { createReadStream } from 'node:fs';

/** One line of a file; text is undefined when the line is too long to be read. */
export interface Line {
  readonly number: number;
  readonly text: string | undefined;
}

/** A message of MQTT may be large, and base64 makes it a third larger; more is no log of ours. */
const LONGEST_BYTES = 2 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The lines of a file, however large, a piece at a time; one that is too long takes no memory. Rejects with the system's error. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let number = 0;
  const take = (part: Buffer) => {
    bytes += part.length;
    if (bytes <= LONGEST_BYTES) parts.push(part);
    else parts = [];
  };
  const finish = (): Line => {
    const text = bytes <= LONGEST_BYTES ? Buffer.concat(parts).toString('utf8') : undefined;
    parts = [];
    bytes = 0;
    number += 1;
    return { number, text: number === 1 ? text?.replace(/^\uFEFF/, '') : text };
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, end));
      yield finish();
      from = end + 1;
    }
    if (from < chunk.length) take(chunk.subarray(from));
  }
  if (bytes > 0) yield finish();
}
