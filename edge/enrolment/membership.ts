import { join } from 'node:path';
import { IDENTITY } from '@nongtin/broker/wire';
import { readStateFile, writeStateFile } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/**
 * Who this gateway is to a cloud. Written whole by an enrolment; by hand, gateway and password are enough. The TLS key in it was
 * made here and never leaves; the key that signs the journal is another one, in a file of its own.
 */
const Membership = Type.Object({
  gateway: Type.String({ pattern: IDENTITY.source }),
  password: Type.String(),
  /** Where it was enrolled, and comes back for another certificate; absent: it was registered by hand. */
  cloud: Type.Optional(Type.String()),
  cooperative: Type.Optional(Type.String()),
  enrolledAtMs: Type.Optional(Type.Integer()),
  /** Who signed the certificate of the cloud's doors, PEM; absent: an authority that everybody knows. */
  authority: Type.Optional(Type.String()),
  /** By which it comes in over TLS. PEM. */
  tls: Type.Optional(Type.Object({ key: Type.String(), cert: Type.String(), endsAtMs: Type.Integer() })),
  uplink: Type.Optional(
    Type.Object({
      plain: Type.Union([Type.String(), Type.Null()]),
      tls: Type.Union([Type.String(), Type.Null()]),
      /** Who signed its certificate, PEM, when that is another authority. */
      authority: Type.Optional(Type.String()),
    }),
  ),
});
export type Membership = Static<typeof Membership>;

const membership = Compile(Membership);
/** The cloud of `npm start`. */
const USUAL_UPLINK = 'mqtt://127.0.0.1:1884';

const pathIn = (folder: string) => join(folder, 'uplink.json');

/** Undefined: this farm has no cloud. Throws a StartProblem when the file is damaged. */
export function readMembership(folder: string): Membership | undefined {
  return readStateFile(pathIn(folder), (value): value is Membership => membership.Check(value));
}

/** Whole or not at all, for its owner alone. */
export function writeMembership(folder: string, state: Membership): void {
  writeStateFile(pathIn(folder), state);
}

/** How to reach the uplink: where the settings say, else where the enrolment said, over TLS when it can be. */
export function uplinkOf(
  { uplink, tls, authority }: Membership,
  configured: { readonly url?: string | undefined; readonly ca?: string | undefined },
) {
  const url = configured.url ?? uplink?.tls ?? uplink?.plain ?? USUAL_UPLINK;
  if (!url.startsWith('mqtts:')) return { url };
  const own = tls === undefined ? {} : { key: tls.key, cert: tls.cert };
  const ca = configured.ca ?? uplink?.authority ?? authority;
  return { url, tls: { ...own, ...(ca === undefined ? {} : { ca }) } };
}
