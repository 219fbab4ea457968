import { expect, test } from 'vitest';
import { CONTRACTS, readArtifact, sourceHash } from './artifacts.ts';
import { compileContracts } from './compile.ts';

test('the kept artifacts are what the sources compile to', () => {
  const compiled = compileContracts();
  for (const name of CONTRACTS) {
    expect(readArtifact(name)).toEqual(compiled[name]);
    expect(compiled[name].sourceHash).toBe(sourceHash());
  }
});
