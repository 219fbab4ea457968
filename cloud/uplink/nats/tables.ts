export interface NatsTables {
  /** When each gateway's login was issued, in seconds: tokens of its key issued up to `void_until_s` let nobody in. */
  uplink_logins: { gateway_id: string; user_key: string; issued_at_s: number; void_until_s: number };
}
