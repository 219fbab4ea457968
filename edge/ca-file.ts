import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { explainProblem, StartProblem } from '@nongtin/service';

/** Certificates as PEM that this variable names by a file; undefined when it is not set. Throws a StartProblem. */
export function readCaFile(path: string | undefined, variable: string): string | undefined {
  if (path === undefined) return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    if (isCertificate(text)) return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new StartProblem(`${variable} names ${path}, and there is no such file: correct it.`);
    throw explainProblem(error, { path });
  }
  throw new StartProblem(`${variable} names ${path}, which holds no certificate (PEM): correct it.`);
}

function isCertificate(text: string): boolean {
  try {
    new X509Certificate(text);
    return true;
  } catch {
    return false;
  }
}
