/** Calls back later, with 0 as soon as what is being read from the network is taken in. Gives the way to stop it. */
export type Schedule = (callback: () => void, delayMs: number) => () => void;

export const scheduleForReal: Schedule = (callback, delayMs) => {
  if (delayMs <= 0) {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  }
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
};
