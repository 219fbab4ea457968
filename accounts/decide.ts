import type { Role } from './roles.ts';
import { type Access, loopbackRoles } from './routes.ts';

export type Verdict =
  | 'allowed'
  | { readonly status: number; readonly code: string; readonly message: string };

/** May somebody with this role (undefined: not signed in) call a route with this access? */
export function decide(access: Access, role: Role | undefined): Verdict {
  if (access === 'public') return 'allowed';
  const allowed = access === 'loopback' ? loopbackRoles : access;
  if (role === undefined) {
    return { status: 401, code: 'sign_in_required', message: 'Sign in first.' };
  }
  if (allowed.includes(role)) return 'allowed';
  const names = allowed.map((one) => one.replace('_', ' ')).join(', ');
  return { status: 403, code: 'role_not_allowed', message: `This needs one of these roles: ${names}.` };
}
