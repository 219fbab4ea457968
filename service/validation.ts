/** As fastify tells a body, a query or a path that its schema refuses (ajv's errors). */
export interface Refused {
  readonly validation?: readonly Violation[] | undefined;
  /** body, querystring, params or headers. */
  readonly validationContext?: string | undefined;
}

interface Violation {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * What the validator's own sentence does not say: the words of which one is allowed, where it says only that it is not the first,
 * not the second …; and that a text is empty, where it shows a pattern. Undefined: its sentence does.
 */
export function wordsOfRefusal({ validation = [], validationContext = '' }: Refused): string | undefined {
  const [empty] = validation;
  if (empty?.keyword === 'pattern' && empty.params.pattern === '\\S')
    return `${validationContext}${empty.instancePath} is empty: write it in words.`;
  const [first, ...more] = validation.filter(({ keyword }) => keyword === 'const');
  if (first === undefined || more.some(({ instancePath }) => instancePath !== first.instancePath))
    return undefined;
  const words = [first, ...more].map(({ params }) => String(params.allowedValue));
  return `${validationContext}${first.instancePath} must be one of: ${words.join(', ')}`;
}
