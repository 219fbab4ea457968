import { randomBytes } from 'node:crypto';
import { readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { IDENTITY } from '../wire/index.ts';
import type { ControllerLogin } from './files.ts';
import { isMosquittoHashOf, mosquittoHash } from './password.ts';

const LoginFile = Type.Object({
  version: Type.Literal(1),
  /** Under which the broker keeps our sessions. */
  clientId: Type.String({ pattern: '^nongtin-[0-9a-f]{16}$' }),
  username: Type.String({ pattern: IDENTITY.source }),
  /** Absent: it was given by a person, and is not kept. */
  password: Type.Optional(Type.String()),
  mosquitto: Type.String(),
});
const loginFile = Compile(LoginFile);
type Saved = Static<typeof LoginFile>;

/** How the gateway signs in at a broker elsewhere. */
export interface GatewayLogin extends ControllerLogin {
  readonly clientId: string;
  readonly password: string;
}

/** The first level of our topics, so no device can have it. */
const OWN_NAME = 'nongtin';

/**
 * The gateway's log-in, kept at `path`: what a person has given, or else a name and a random password of our own. Throws a
 * StartProblem when the name given is none.
 */
export function openGatewayLogin(
  path: string,
  given: { readonly username: string; readonly password: string } | undefined,
): GatewayLogin {
  if (given && !IDENTITY.test(given.username))
    throw new StartProblem(
      'NONGTIN_MQTT_BROKER_URL names a user that cannot stand in an access list: 1 to 64 of A-Z a-z 0-9 _ - are allowed.',
    );
  const saved = readStateFile(path, (value) => loginFile.Check(value));
  const clientId = saved?.clientId ?? `nongtin-${randomBytes(8).toString('hex')}`;
  const login = given ??
    ownIn(saved) ?? { username: OWN_NAME, password: randomBytes(18).toString('base64url') };
  const isSame = saved?.username === login.username && isMosquittoHashOf(saved.mosquitto, login.password);
  const mosquitto = isSame ? saved.mosquitto : mosquittoHash(login.password);
  const own = given === undefined ? { password: login.password } : {};
  const next: Saved = { version: 1, clientId, username: login.username, ...own, mosquitto };
  if (JSON.stringify(next) !== JSON.stringify(saved)) writeStateFile(path, next);
  return { clientId, username: login.username, password: login.password, mosquitto };
}

/** The log-in that a gateway last used here, whoever gave it; one of our own when there was none. */
export function lastGatewayLogin(path: string): ControllerLogin {
  return readStateFile(path, (value) => loginFile.Check(value)) ?? openGatewayLogin(path, undefined);
}

function ownIn(saved: Saved | undefined): { username: string; password: string } | undefined {
  const { username, password } = saved ?? {};
  return username === undefined || password === undefined ? undefined : { username, password };
}
