import { readFileSync } from 'node:fs';
import { explainProblem, StartProblem } from '@nongtin/service';
import { Wallet } from 'ethers';

const VARIABLE = 'NONGTIN_KEYSTORE_PASSPHRASE_FILE';

export interface PassphraseSource {
  /** The file that holds it, from the environment. */
  readonly passphraseFile?: string;
  /** Asks a person without echo; undefined: there is no terminal. */
  readonly askHidden?: (question: string) => Promise<string>;
}

/** The key of an encrypted JSON keystore. Throws a StartProblem; neither the key nor the passphrase is ever said. */
export async function openKeystore(path: string, source: PassphraseSource): Promise<Wallet> {
  const json = readText(path);
  const passphrase = await passphraseFrom(source, path);
  try {
    const { privateKey } = await Wallet.fromEncryptedJson(json, passphrase);
    return new Wallet(privateKey);
  } catch (error) {
    const isWrong = /password/i.test((error as Error).message);
    throw new StartProblem(
      isWrong
        ? `The passphrase does not open ${path}: try again.`
        : `${path} is no keystore: name an encrypted JSON file (Web3 Secret Storage).`,
    );
  }
}

async function passphraseFrom(
  { passphraseFile, askHidden }: PassphraseSource,
  path: string,
): Promise<string> {
  // An editor ends a file with a line break, which is no part of what it says.
  if (passphraseFile !== undefined) return readText(passphraseFile).replace(/\r?\n$/, '');
  if (askHidden !== undefined) return askHidden(`Passphrase of ${path}: `);
  throw new StartProblem(
    `There is no terminal to ask for the passphrase: name a file that holds it in ${VARIABLE}.`,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new StartProblem(`There is no file ${path}: give its right name.`);
    if (code === 'EISDIR') throw new StartProblem(`${path} is a folder: name the file in it.`);
    throw explainProblem(error, { path });
  }
}
