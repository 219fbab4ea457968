/** Why this gateway is not enrolled, or not with a new certificate: whose turn it is, and a sentence for the technician. */
export class EnrolmentProblem extends Error {
  override readonly name = 'EnrolmentProblem';
  readonly kind: 'your_input' | 'try_later';
  /** Stable; the pages have words for it. */
  readonly code: string;

  constructor(kind: EnrolmentProblem['kind'], code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.code = code;
  }
}
