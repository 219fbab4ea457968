import type { Writable } from 'node:stream';

/**
 * Lets nobody wait for a client that reads slowly: what it has not read is collected up to `mostBytes`, and then it has to
 * go. aedes by itself would hold up every publisher until the client has read, or for its drain timeout. Before the client
 * is live, while it is given what waited for it, writing waits for reading as usual.
 */
export function keepWritesFlowing(
  stream: Writable,
  mostBytes: number,
  { isLive, onSlow }: { readonly isLive: () => boolean; readonly onSlow: () => void },
): void {
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  stream.write = (...given: unknown[]): boolean => {
    const hasRoom = write(...given);
    if (hasRoom || !isLive()) return hasRoom;
    if (stream.writableLength > mostBytes && !stream.destroyed) onSlow();
    return true;
  };
}
