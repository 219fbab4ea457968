/** The link in a stamp's QR code (GS1 Digital Link: GTIN and serial, no lot), as a browser opens it. */
export function stampUrl(publicUrl: string, gtin14: string, serial: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/01/${gtin14}/21/${serial}`;
}

/**
 * The same link as it is printed: upper case, so that the QR code stays in its alphanumeric mode and is smaller. GS1
 * allows a scheme in capitals and a host has no case; a `publicUrl` with a path in lower case cannot be printed so.
 */
export function printedUrl(publicUrl: string, gtin14: string, serial: string): string {
  return stampUrl(publicUrl, gtin14, serial).toUpperCase();
}
