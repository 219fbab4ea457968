import type { Reason } from '@nongtin/broker/wire';
import type { Transporter } from 'nodemailer';
import { accepted, type Channel, later, type Outcome, refused } from './channel.ts';

interface EmailOptions {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  /** PEM. */
  readonly ca?: string | undefined;
}

const PATIENCE_MS = 30_000;

/** What nodemailer's errors tell. */
interface SmtpError {
  readonly code?: string;
  /** The system's, of which nodemailer has made its own. */
  readonly originalCode?: string;
  readonly responseCode?: number;
}

/**
 * E-mail by SMTP (RFC 5321), one connection for each message: there are few, and a connection that is kept is one that has been
 * cut without telling. The Message-ID stays the same when it is tried again, so that mail programs show it once.
 */
export function createEmail(options: EmailOptions): Channel {
  const { host, port, security, user, password, from, ca } = options;
  const domain = /@([^>\s]+)>?$/.exec(from)?.[1] ?? 'nongtin.local';
  const connected = async (
    signal: AbortSignal,
    work: (transport: Transporter) => Promise<Outcome>,
  ): Promise<Outcome> => {
    if (signal.aborted) return later('notice_interrupted');
    // Loaded when there is something to send: it weighs.
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({
      ...{ host, port, secure: security === 'tls', requireTLS: security === 'starttls' },
      ...(security === 'none' ? { ignoreTLS: true } : { tls: { ...(ca === undefined ? {} : { ca }) } }),
      ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
      ...{ connectionTimeout: PATIENCE_MS, greetingTimeout: PATIENCE_MS, socketTimeout: PATIENCE_MS },
      // Nothing of what we send stands for a file or an address to be fetched.
      ...{ disableFileAccess: true, disableUrlAccess: true },
    });
    const close = () => transport.close();
    signal.addEventListener('abort', close);
    try {
      return await work(transport);
    } catch (error) {
      return read(error as SmtpError, host);
    } finally {
      signal.removeEventListener('abort', close);
      transport.close();
    }
  };
  return {
    name: 'email',
    send: ({ id, to, title, text, priority }, signal) =>
      connected(signal, async (transport) => {
        const sent = await transport.sendMail({
          ...{ from, to, subject: title, text, messageId: `<${id}@${domain}>` },
          priority: priority === 'critical' ? 'high' : 'normal',
          headers: { 'auto-submitted': 'auto-generated' },
        });
        return accepted(sent.messageId);
      }),
    // Greets and signs in.
    check: (signal) =>
      connected(signal, async (transport) => {
        await transport.verify();
        return accepted();
      }),
    async stop() {},
  };
}

function read({ code = '', originalCode = '', responseCode }: SmtpError, host: string): Outcome {
  if (code === 'EAUTH' && (responseCode === undefined || responseCode >= 500))
    return refused('notice_login_refused', { status: responseCode ?? 0 });
  if (responseCode !== undefined && responseCode >= 500)
    return refused(code === 'EENVELOPE' ? 'notice_address_refused' : 'notice_refused', {
      ...(code === 'EENVELOPE' ? { service: host } : { status: responseCode }),
    });
  if (responseCode !== undefined) return later('notice_busy', { status: responseCode });
  if (isCertificate(originalCode) || isCertificate(code))
    return later('notice_certificate', { service: host });
  return later('notice_unreachable', { cause: originalCode || code || 'Error' } satisfies Reason['figures']);
}

function isCertificate(code: string): boolean {
  return code === 'ETLS' || /CERT|SIGNATURE|ISSUER|ALTNAME/.test(code);
}
