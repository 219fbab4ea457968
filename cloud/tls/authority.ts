import { X509Certificate } from 'node:crypto';
import {
  type CertificateAuthority,
  type ClientCertificate,
  fingerprintOf,
  type GivenFiles,
  namesOfMachine,
  openAuthority,
  readGivenFiles,
  type ServerCredentials,
} from '@nongtin/broker';
import type { Certifier } from '../enrolment/enrolment.ts';

interface CloudAuthorityOptions {
  readonly folder: string;
  /** Host names and addresses by which gateways reach us, besides those that this machine finds itself. */
  readonly names: readonly string[];
  /** A certificate of somebody else's for our doors; our own authority then signs for gateways only. */
  readonly given: GivenFiles | undefined;
  readonly clock: { nowMs(): number };
}

/** Who we show ourselves as, and who signs for the gateways: our own authority, whoever signed for our doors. */
export class CloudAuthority implements Certifier {
  readonly #options: CloudAuthorityOptions;
  readonly #own: CertificateAuthority;

  constructor(options: CloudAuthorityOptions) {
    this.#options = options;
    this.#own = openAuthority(options);
  }

  /** For our doors. Ask again from time to time: it is renewed. Throws a StartProblem when files are not in order. */
  async server(): Promise<ServerCredentials> {
    const { given, names, clock } = this.#options;
    if (given !== undefined) return readGivenFiles(given, clock.nowMs());
    return this.#own.serverCredentials([...namesOfMachine(), ...names]);
  }

  /** Whose signature on a gateway's certificate counts: ours alone. */
  async ofClients(): Promise<string> {
    const { names } = this.#options;
    return (await this.#own.serverCredentials([...namesOfMachine(), ...names])).ca;
  }

  certify(request: string, gateway: string): Promise<ClientCertificate> {
    return this.#own.issueClient(request, gateway);
  }

  /** The end of our chain when it is a root; where it is not, the root is one that every machine has. */
  async pinned(): Promise<string | null> {
    const { ca } = await this.server();
    const last = new X509Certificate(ca);
    return last.checkIssued(last) ? ca : null;
  }

  async fingerprint(): Promise<string | undefined> {
    const pinned = await this.pinned();
    return pinned === null ? undefined : fingerprintOf(pinned);
  }
}
