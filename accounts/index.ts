export { createAccounts } from './accounts.ts';
export {
  type DemoSecrets,
  demoSecrets,
  earlierDemoSecrets,
  seedDemoUsers,
  withdrawDemoUsers,
} from './demo.ts';
export { accountsPlugin, missingRoutes } from './plugin.ts';
export { type Role, roles } from './roles.ts';
export { type Access, routeTable } from './routes.ts';
export { sessionSecret } from './secret.ts';
export type { Account, Accounts } from './types.ts';
