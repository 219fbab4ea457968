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
  // A certificate, which phones install before they come by HTTPS.
  'GET /nongtin-ca.crt': 'public',
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
  'GET /api/alarms/conditions': everyRole,
  'GET /api/alarms/:id': everyRole,
  'POST /api/alarms/:id/acknowledge': fieldWork,
  // For a while, with a reason: whoever is woken by it may. For longer, one who answers for the farm.
  'POST /api/alarms/:id/shelve': fieldWork,
  'POST /api/alarms/:id/unshelve': fieldWork,
  'POST /api/alarms/:id/reset': ['technician', 'manager'],
  'POST /api/alarms/:id/out-of-service': ['technician', 'manager'],
  'POST /api/maintenance': ['technician', 'manager'],
  'POST /api/maintenance/end': ['technician', 'manager'],
  // Stopping is everybody's in the field, and so is the cup's stop; what was stopped or locked goes on by one who answers for the farm.
  'GET /api/fertigation': everyRole,
  'GET /api/fertigation/doses': everyRole,
  'GET /api/fertigation/nutrients': everyRole,
  'POST /api/fertigation/heads/:head/stop': fieldWork,
  'POST /api/fertigation/heads/:head/resume': ['technician', 'manager'],
  'POST /api/fertigation/heads/:head/unlock': ['technician', 'manager'],
  'POST /api/fertigation/tanks/:tank/filled': fieldWork,
  'POST /api/fertigation/tanks/:tank/calibrate': ['technician', 'manager'],
  'POST /api/fertigation/tanks/:tank/calibrate/stop': fieldWork,
  'POST /api/fertigation/tanks/:tank/calibrate/measured': ['technician', 'manager'],
  'GET /api/quarantine': inspection,
  'GET /api/dead-letters': inspection,
  'POST /api/dead-letters/retry': ['technician', 'manager'],
  'POST /api/harvests': fieldWork,
  'GET /api/crop-protection': everyRole,
  'GET /api/products': everyRole,
  'POST /api/products/preview': ['technician', 'manager'],
  'POST /api/products': ['technician', 'manager'],
  'GET /api/sprays': everyRole,
  'GET /api/sprays/:spray': everyRole,
  'POST /api/sprays/check': fieldWork,
  'POST /api/sprays': fieldWork,
  // A member's correction must not bring a harvest forward: the ledger sees to that.
  'POST /api/sprays/:spray/correct': fieldWork,
  'POST /api/sprays/:spray/withdraw': fieldWork,
  'GET /api/pests': everyRole,
  'GET /api/pests/library': everyRole,
  'GET /api/pests/traps': everyRole,
  'GET /api/pests/counts': everyRole,
  'POST /api/pests/counts': fieldWork,
  'POST /api/pests/counts/:count/correct': fieldWork,
  'POST /api/pests/counts/:count/withdraw': fieldWork,
  'GET /api/pests/seen': everyRole,
  'POST /api/pests/seen': fieldWork,
  'POST /api/pests/seen/:seen/correct': fieldWork,
  'POST /api/pests/seen/:seen/withdraw': fieldWork,
  'POST /api/pests/biofix': fieldWork,
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
  'GET /api/neighbours': everyRole,
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
  'POST /api/devices/silence': ['technician'],
  'POST /api/devices/replace': ['technician'],
  'GET /api/devices/history': inspection,
  'GET /api/tls': inspection,
  // Whoever is told of alarms may ask for a test, and have this browser told.
  'GET /api/notifications': inspection,
  'GET /api/notifications/settings': ['technician', 'manager'],
  'PUT /api/notifications/settings': ['technician', 'manager'],
  'GET /api/notifications/mine': everyRole,
  'POST /api/notifications/test': everyRole,
  'POST /api/notifications/push': everyRole,
  'DELETE /api/notifications/push': everyRole,
  'GET /api/diary': everyRole,
  'GET /api/diary/revisions': everyRole,
  'GET /api/diary/export': everyRole,
  'POST /api/diary/revisions': fieldWork,
  // Of a harvest inside an interval only a manager's counts: the guard sees to that.
  'POST /api/diary/entries/:entry/word': ['technician', 'manager'],
  'GET /api/diary/attachments/:sha256': everyRole,
  'GET /api/diary/attachments/:sha256/received': fieldWork,
  'PUT /api/diary/attachments/:sha256': fieldWork,
};

const cloud: RouteTable = {
  ...everyService,
  'GET /console': 'public',
  'GET /console/assets/*': 'public',
  'GET /01/:gtin/21/:serial': 'public',
  'GET /v/:gtin/:serial': 'public',
  'GET /v/assets/*': 'public',
  'GET /api/verify/:gtin/:serial': 'public',
  // The same bundle as in the answer, to be kept and checked anywhere.
  'GET /api/proofs/stamps/:gtin/:serial': 'public',
  'GET /api/proofs/lots/:lotNumber': everyRole,
  'POST /rpc': 'public',
  'GET /api/cooperative': everyRole,
  'GET /api/plots': everyRole,
  'GET /api/products': everyRole,
  'GET /api/harvests': everyRole,
  'GET /api/lots': everyRole,
  'GET /api/lots/:lotNumber': everyRole,
  'GET /api/uplink': everyRole,
  'GET /api/gateways/:id/live': everyRole,
  'GET /api/pests': everyRole,
  'GET /api/anchors': everyRole,
  'GET /api/anchoring/dry-run': ['manager', 'alliance_officer', 'auditor'],
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
  'GET /api/signing-keys': stampOverview,
  'POST /api/signing-keys': ['manager'],
  'POST /api/signing-keys/:keyId/retire': ['manager', 'alliance_officer'],
  'GET /api/signatures': ['manager'],
  'POST /api/signatures/:refKind/:refId': ['manager'],
  'GET /api/stamp-batches/:batchNumber/life': [...stampOverview, 'technician'],
  // Printed, applied, spoiled: who packs. Voided, recalled: for good, and told to the chain.
  'POST /api/stamp-batches/:batchNumber/life': ['technician', 'manager'],
  'POST /api/stamp-batches/:batchNumber/withdraw': ['manager'],
  'POST /api/lots/:lotNumber/recall': ['manager', 'alliance_officer'],
  // Who scratches a stamp has no account. PINs leave by a manager's hand, and twice by two managers'.
  'POST /api/verify/:gtin/:serial/activate': 'public',
  'GET /api/pin-exports': stampOverview,
  'POST /api/pin-exports': ['manager'],
  'POST /api/pin-exports/:exportId/approve': ['manager'],
  'POST /api/pin-exports/:exportId/file': ['manager'],
  'GET /api/stamp-keys': stampOverview,
  'POST /api/stamp-keys/rotate': ['manager'],
  'POST /api/stamp-keys/rewrap': ['manager'],
};

/** The one table route × role. A route that is not in it makes the service fail to start. */
export const routeTable = { gateway, cloud } as const;

/** The access of a route, undefined when the table does not know it. */
export function accessOf(table: RouteTable, method: string, pattern: string): Access | undefined {
  const key = `${method === 'HEAD' ? 'GET' : method} ${pattern}`;
  return Object.hasOwn(table, key) ? table[key as RouteKey] : undefined;
}
