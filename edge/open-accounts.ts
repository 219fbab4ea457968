import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Accounts,
  createAccounts,
  type DemoSecrets,
  seedDemoUsers,
  sessionSecret,
  withdrawDemoUsers,
} from '@nongtin/accounts';
import { explainProblem, type Logger } from '@nongtin/service';

interface AccountsOptions {
  /** The demo's people, who are to be let in. */
  readonly secrets: DemoSecrets | undefined;
  /** Those of an earlier demo, who are not any more. */
  readonly withdrawn: DemoSecrets | undefined;
  readonly logger: Logger;
}

/** Who may sign in to the gateway, in `accounts.sqlite` of its folder. Throws a StartProblem when that is no database, or cannot be written. */
export async function openAccounts(
  folder: string,
  { secrets, withdrawn, logger }: AccountsOptions,
): Promise<{ readonly accounts: Accounts; close(): void }> {
  const path = join(folder, 'accounts.sqlite');
  const database = new DatabaseSync(path);
  try {
    const secret = sessionSecret(join(folder, 'session.json'));
    const accounts = createAccounts({ database, secret, cookiePrefix: 'nongtin-gateway', logger });
    // Whether it is a database at all: the rest is left until somebody signs in.
    database.prepare('PRAGMA schema_version').get();
    if (secrets) await seedDemoUsers(accounts, secrets);
    if (withdrawn) await withdrawDemoUsers(accounts, withdrawn);
    return { accounts, close: () => database.close() };
  } catch (error) {
    database.close();
    throw explainProblem(error, { path });
  }
}
