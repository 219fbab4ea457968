/**
 * Where gateways speak to the cloud and hear from it, whatever carries their messages. The embedded one is aedes in this
 * process (aedes-door.ts). Its one job is to carry: it understands no message.
 */
export interface UplinkDoor {
  readonly logins: GatewayLogins;
  /** Throws a StartProblem when it cannot be opened; may then be called again. */
  start(): Promise<void>;
  /** Takes no more, and waits for what is under way. */
  stop(): Promise<void>;
  /** To a gateway that is connected; one that is not never gets it. */
  send(gateway: string, name: ToGateway, message: object): Promise<void>;
  /**
   * Lets gateways in over TLS, by their certificate too, or shows those that come from now on other credentials. A door
   * whose engine has its own way with certificates goes without. Throws a StartProblem when the port is taken.
   */
  secure?(credentials: UplinkTls): Promise<void>;
}

/** PEM. */
export interface UplinkTls {
  readonly key: string;
  /** The certificate, and those between it and the root. */
  readonly cert: string;
  /** Who signs the gateways' certificates. */
  readonly clientCa: string;
}

/** Who may come in as which gateway. */
export interface GatewayLogins {
  /**
   * The password with which this gateway comes in from now on; every other one is void, and who came in with it is
   * sent away. Without one of the caller's a new one is made.
   */
  allow(gateway: string, password?: string): Promise<string>;
  /** Sends it away; it may come again, and what was refused is then offered anew. */
  disconnect(gateway: string): Promise<void>;
}

/** Topics of the wire's table, by name. */
export type FromGateway = 'uplinkEntries' | 'uplinkLive' | 'gatewayOutcome' | 'neighbourQuestion';
export type ToGateway = 'uplinkAnswer' | 'gatewayCommand' | 'neighbourAnswer';

/**
 * Takes each kind of message; the bytes are the taker's own. The gateway is who the door let in. The message counts as
 * taken when this resolves; it never rejects.
 */
export type Takers = Readonly<Record<FromGateway, (gateway: string, message: Uint8Array) => Promise<void>>>;
