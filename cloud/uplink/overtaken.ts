/** Another process projects or packs this gateway just now: nothing is wrong, and what is left is looked at again. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';

  constructor(gateway: string) {
    super(`another process is at work on ${gateway}`);
  }
}
