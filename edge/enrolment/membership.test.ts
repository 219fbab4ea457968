import { expect, it } from 'vitest';
import { uplinkOf } from './membership.ts';

const login = { gateway: 'gw', password: 'x' };
const certificate = { key: 'KEY', cert: 'CERT', endsAtMs: 1 };
const doors = { plain: 'mqtt://c:1884', tls: 'mqtts://c:8884' };

it('goes up over TLS where the cloud has it, with what the enrolment gave for it', () => {
  const enrolled = { ...login, tls: certificate, authority: 'CA', uplink: doors };
  expect(uplinkOf(enrolled, {})).toEqual({ url: doors.tls, tls: { key: 'KEY', cert: 'CERT', ca: 'CA' } });
  expect(uplinkOf({ ...enrolled, uplink: { ...doors, tls: null } }, {})).toEqual({ url: doors.plain });
});

it('trusts the authority of the uplink before that of the cloud’s doors, and the settings before both', () => {
  const uplink = { plain: null, tls: 'mqtts://n:1884', authority: 'CLUSTER' };
  const enrolled = { ...login, authority: 'CA', uplink };
  expect(uplinkOf(enrolled, {})).toEqual({ url: uplink.tls, tls: { ca: 'CLUSTER' } });
  expect(uplinkOf(enrolled, { ca: 'FILE' })).toEqual({ url: uplink.tls, tls: { ca: 'FILE' } });
});

it('goes where the settings say, without an enrolment too', () => {
  expect(uplinkOf(login, { url: 'mqtts://n:1884', ca: 'FILE' })).toEqual({
    ...{ url: 'mqtts://n:1884', tls: { ca: 'FILE' } },
  });
  expect(uplinkOf(login, {})).toEqual({ url: 'mqtt://127.0.0.1:1884' });
});
