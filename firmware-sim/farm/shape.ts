import type { TLocalizedValidationError } from 'typebox/error';

/** What is wrong with a value, field by field, in words; `at` is the name of the value itself. */
export function shapeProblems(errors: readonly TLocalizedValidationError[], at = ''): string[] {
  // An unknown field is told twice by the validator; its own line ('schema is false') is the plainer one.
  return errors.flatMap((error) => {
    if (error.keyword === 'additionalProperties') return [];
    const field = fieldName(error.instancePath, at);
    if (error.keyword === 'boolean') return `${field} is not known, remove it`;
    const missing = error.keyword === 'required' ? error.params.requiredProperties : undefined;
    if (missing) return `${field} lacks ${missing.join(', ')}, add it`;
    return `${field} ${error.message}`;
  });
}

/** '/zones/2/soil' → 'zones[2].soil' */
function fieldName(pointer: string, at: string): string {
  const name = at + pointer.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.');
  return name.replace(/^\./, '') || 'the file';
}
