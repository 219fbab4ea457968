import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';

/** A line to a modem. Bytes come as they come; onEnd is called once, when it is gone. */
export interface Port {
  write(text: string): void;
  onData(listener: (text: string) => void): void;
  onEnd(listener: () => void): void;
  close(): void;
}

export type OpenPort = (device: string, baud: number) => Promise<Port>;

const run = promisify(execFile);

/**
 * A serial port by what every Debian has: `stty` sets it, Node's own terminal handle reads and writes it. No library with
 * binaries of its own is needed for a few lines of ASCII (0034).
 */
export async function openSerial(device: string, baud: number): Promise<Port> {
  // clocal: without it opening waits for a carrier that a modem's command port never has.
  await run('stty', ['-F', device, String(baud), 'raw', '-echo', 'clocal', '-hupcl']);
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const stream = new ReadStream(openSync(device, flags));
  stream.setEncoding('latin1');
  return {
    write: (text) => void stream.write(text, 'latin1'),
    onData: (listener) => void stream.on('data', (text) => listener(String(text))),
    onEnd(listener) {
      let isOver = false;
      const end = () => {
        if (!isOver) listener();
        isOver = true;
      };
      // An unplugged modem is an error (EIO) or an end, by its driver.
      stream.on('error', end).on('end', end).on('close', end);
    },
    close: () => void stream.destroy(),
  };
}
