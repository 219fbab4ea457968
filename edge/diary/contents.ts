import type { AttachmentType } from '@nongtin/broker/wire';

/** What a file is by its own bytes, whatever its sender calls it; undefined: none of what may be attached. */
export function contentType(bytes: Uint8Array): AttachmentType | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (offset: number, text: string) => view.toString('latin1', offset, offset + text.length) === text;
  if (at(0, '\xff\xd8\xff')) return 'image/jpeg';
  if (at(0, '\x89PNG\r\n\x1a\n')) return 'image/png';
  if (at(0, 'RIFF') && at(8, 'WEBP')) return 'image/webp';
  if (at(0, '\x1aE\xdf\xa3') && view.subarray(0, 64).includes('webm')) return 'audio/webm';
  if (at(0, 'OggS')) return 'audio/ogg';
  // ISO base media files of sound alone, and what phones record with the brand of films.
  return at(4, 'ftyp') && ['M4A ', 'mp42', 'isom', 'iso5', 'mp41'].some((brand) => at(8, brand))
    ? 'audio/mp4'
    : undefined;
}

/**
 * Whether a picture says where it was taken: GPS in its Exif (JPEG APP1, PNG eXIf, WebP EXIF) or XMP. Nobody needs that for a
 * diary whose entries name a plot, and it would tell where people live. Phones send pictures without it.
 */
export function tellsPlace(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return exifBlocks(view).some(hasGpsDirectory) || view.includes('exif:GPSL') || view.includes('GPSLatitude');
}

/** TIFF structures in a picture. */
function exifBlocks(view: Buffer): Buffer[] {
  switch (contentType(view)) {
    case 'image/jpeg':
      return jpegSegments(view)
        .filter((segment) => segment.toString('latin1', 0, 6) === 'Exif\0\0')
        .map((segment) => segment.subarray(6));
    case 'image/png':
      return chunks(
        view,
        8,
        (at) => ({ size: view.readUInt32BE(at), name: at + 4, data: at + 8, extra: 4 }),
        'eXIf',
      );
    case 'image/webp':
      return chunks(
        view,
        12,
        (at) => ({ size: view.readUInt32LE(at + 4), name: at, data: at + 8, extra: 0 }),
        'EXIF',
      );
    default:
      return [];
  }
}

/** Its APP1 segments, up to the picture itself. */
function jpegSegments(view: Buffer): Buffer[] {
  const segments: Buffer[] = [];
  for (let at = 2; at + 4 <= view.length && view[at] === 0xff; ) {
    const marker = view[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) break;
    const size = view.readUInt16BE(at + 2);
    if (marker === 0xe1) segments.push(view.subarray(at + 4, at + 2 + size));
    at += 2 + Math.max(size, 2);
  }
  return segments;
}

interface Chunk {
  readonly size: number;
  readonly name: number;
  readonly data: number;
  /** Bytes behind the data; an odd size is filled up where there are none. */
  readonly extra: number;
}

function chunks(view: Buffer, first: number, chunkAt: (at: number) => Chunk, wanted: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = first; at + 8 <= view.length; ) {
    const { size, name, data, extra } = chunkAt(at);
    if (view.toString('latin1', name, name + 4) === wanted) found.push(view.subarray(data, data + size));
    at = data + size + (extra === 0 ? size % 2 : extra);
  }
  return found;
}

const GPS_TAG = 0x8825;

/** Whether the first directory of a TIFF structure points to one of GPS (Exif 2.32, 4.6.3). What is cut short points to nothing. */
function hasGpsDirectory(given: Buffer): boolean {
  const tiff = given.toString('latin1', 0, 6) === 'Exif\0\0' ? given.subarray(6) : given;
  if (tiff.length < 8) return false;
  const isLittle = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number) =>
    at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at);
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  for (let n = 0; n < short(directory); n++) if (short(directory + 2 + n * 12) === GPS_TAG) return true;
  return false;
}
