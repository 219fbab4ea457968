import { type Role, roles } from './roles.ts';

/**
 * Who may call a route: everybody, the machine itself (or a signed-in technician or manager), or the roles named.
 */
export type Access = 'public' | 'loopback' | readonly Role[];

/** 'METHOD /pattern', the pattern written as fastify registers it. HEAD follows its GET. */
type RouteKey = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

export type RouteTable = Readonly<Record<RouteKey, Access>>;

/** Roles that stand behind 'loopback' when the caller is another machine. */
export const loopbackRoles: readonly Role[] = ['technician', 'manager'];

const everyRole = roles;
const fieldWork: readonly Role[] = ['member', 'technician', 'manager'];
const inspection: readonly Role[] = ['technician', 'manager', 'auditor'];
const stampOverview: readonly Role[] = ['manager', 'auditor', 'alliance_officer'];

const everyService: RouteTable = {
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'loopback',
  'GET /api/openapi.json': 'public',
  'GET /api/auth/*': 'public',
  'POST /api/auth/*': 'public',
  'GET /': 'public',
};

const gateway: RouteTable = {
  ...everyService,
  'GET /assets/*': 'public',
  'GET /*': 'public',
  // Weather stations sign in by themselves, with their device's password.
  'GET /weatherstation/updateweatherstation.php': 'public',
  'POST /weatherstation/updateweatherstation.php': 'public',
  'POST /data/report': 'public',
  'POST /data/report/': 'public',
  'GET /api/farm': everyRole,
  'GET /api/live': everyRole,
  'GET /api/events': everyRole,
  'GET /api/series': everyRole,
  'GET /api/readings': everyRole,
  'GET /api/runs': everyRole,
  'GET /api/alarms': everyRole,
  'POST /api/alarms/:id/acknowledge': fieldWork,
  'GET /api/quarantine': inspection,
  'GET /api/dead-letters': inspection,
  'POST /api/dead-letters/retry': ['technician', 'manager'],
  'POST /api/harvests': fieldWork,
  'POST /api/zones/:zone/open': fieldWork,
  'POST /api/zones/:zone/stop': fieldWork,
  'POST /api/zones/:zone/unlock': ['technician', 'manager'],
  'GET /api/sources': everyRole,
  'POST /api/sources/:source/unlock': ['technician', 'manager'],
  // Holding back is everybody's in the field; what all were told to stop goes on by one who answers for the farm.
  'GET /api/programs': everyRole,
  'POST /api/programs/stop': fieldWork,
  'POST /api/programs/resume': ['technician', 'manager'],
  'GET /api/zones/:zone/water': everyRole,
  'POST /api/zones/:zone/believe-probe': ['technician'],
  'POST /api/zones/:zone/pause': fieldWork,
  'POST /api/zones/:zone/resume': fieldWork,
  'GET /api/zones/:zone/wet-tests': inspection,
  'POST /api/zones/:zone/wet-test': ['technician'],
  'POST /api/zones/:zone/wet-test/measured': ['technician'],
  'PUT /api/farm': ['technician'],
  'POST /api/plots': ['technician'],
  'PUT /api/plots/:plot': ['technician'],
  'DELETE /api/plots/:plot': ['technician'],
  'POST /api/zones': ['technician'],
  'PUT /api/zones/:zone': ['technician'],
  'DELETE /api/zones/:zone': ['technician'],
  'GET /api/mappings': inspection,
  'PUT /api/mappings': ['technician'],
  'DELETE /api/mappings': ['technician'],
  'GET /api/enrolment': inspection,
  'POST /api/enrolment': ['technician'],
  'GET /api/clock': inspection,
  'POST /api/clock': ['technician'],
  'POST /api/clock/release': ['technician'],
  'GET /api/devices': inspection,
  'POST /api/devices': ['technician'],
  'DELETE /api/devices/:id': ['technician'],
  'POST /api/devices/:id/password': ['technician'],
  'GET /api/devices/found': inspection,
  'POST /api/devices/dismiss': ['technician'],
  'POST /api/devices/place': ['technician'],
  'POST /api/devices/rename': ['technician'],
  'POST /api/devices/retire': ['technician'],
  'POST /api/devices/replace': ['technician'],
  'GET /api/devices/history': inspection,
  'GET /api/tls': inspection,
};

const cloud: RouteTable = {
  ...everyService,
  'GET /console': 'public',
  'GET /console/assets/*': 'public',
  'GET /01/:gtin/21/:serial': 'public',
  'GET /v/:gtin/:serial': 'public',
  'GET /v/assets/*': 'public',
  'GET /api/verify/:gtin/:serial': 'public',
  'POST /rpc': 'public',
  'GET /api/cooperative': everyRole,
  'GET /api/plots': everyRole,
  'GET /api/products': everyRole,
  'GET /api/harvests': everyRole,
  'GET /api/lots': everyRole,
  'GET /api/lots/:lotNumber': everyRole,
  'GET /api/uplink': everyRole,
  'GET /api/gateways/:id/live': everyRole,
  'GET /api/anchors': everyRole,
  'GET /api/gateways/:id/series': everyRole,
  'GET /api/gateways': ['technician', 'manager', 'alliance_officer', 'auditor'],
  'POST /api/gateways': ['manager'],
  'GET /api/gateways/:id/commands': inspection,
  'POST /api/gateways/:id/commands': ['technician', 'manager'],
  'GET /api/commands/:id': inspection,
  'DELETE /api/commands/:id': ['technician', 'manager'],
  'POST /api/gateways/:gatewayId/revoke': ['manager', 'alliance_officer'],
  'GET /api/claim-codes': ['technician', 'manager', 'alliance_officer', 'auditor'],
  'POST /api/claim-codes': ['manager'],
  'POST /api/claim-codes/:claimId/withdraw': ['manager'],
  // Gateways prove who they are by code and key.
  'POST /api/enrol': 'public',
  'POST /api/enrol/renew': 'public',
  'POST /api/lots': ['manager'],
  'GET /api/stamp-batches': stampOverview,
  'POST /api/stamp-batches': ['manager'],
  'GET /api/stamp-batches/:batchNumber/stamps': ['manager'],
};

/** The one table route × role. A route that is not in it makes the service fail to start. */
export const routeTable = { gateway, cloud } as const;

/** The access of a route, undefined when the table does not know it. */
export function accessOf(table: RouteTable, method: string, pattern: string): Access | undefined {
  const key = `${method === 'HEAD' ? 'GET' : method} ${pattern}`;
  return Object.hasOwn(table, key) ? table[key as RouteKey] : undefined;
}
