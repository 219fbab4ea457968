import { expect } from 'vitest';

/** The call is refused with this custom error, which carries exactly these values. */
export async function expectRefusal(call: Promise<unknown>, error: string, values: unknown[]): Promise<void> {
  const refusal = await call.then(
    () => undefined,
    (caught: { revert?: { name: string; args: { toArray(): unknown[] } } | null }) => caught,
  );
  expect(refusal, 'the call went through').toBeDefined();
  expect({ error: refusal?.revert?.name, values: refusal?.revert?.args.toArray() }).toEqual({
    error,
    values,
  });
}
