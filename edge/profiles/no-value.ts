/** JSON's null, C's and Python's words for what is no number, and those of Home Assistant. */
const NO_VALUE = /^(?:|[-+]?(?:nan|inf(?:inity)?)|unknown|unavailable|undefined|none|null|n\/a)$/i;

/**
 * Whether a device says that its sensor has no value just now. That is no fault of the message: the device is there, and
 * there is nothing to store.
 */
export function saysNoValue(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && NO_VALUE.test(value.trim()));
}
