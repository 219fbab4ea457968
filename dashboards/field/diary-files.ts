import { type AttachmentType, attachmentTypes, mostAttachmentBytes } from '@nongtin/broker/wire/diary';
import type { HeldFile } from './diary-store.ts';

/** Why a file cannot be used, by the key of its sentence and the figures in it. */
export class FileProblem extends Error {
  readonly key: string;
  readonly figures: Readonly<Record<string, number>>;

  constructor(key: string, figures: Readonly<Record<string, number>> = {}) {
    super(key);
    this.key = key;
    this.figures = figures;
  }
}

const MEBIBYTE = 1024 * 1024;
/** A larger one is not even opened: a cheap phone would run out of memory. */
const MOST_PHOTO_BYTES = 25 * MEBIBYTE;
/** Pixels of the longer side: a leaf's spots can be seen, and a hundred photos fit through a field's Wi-Fi. */
const LONGEST_SIDE = 1_600;
const QUALITY = 0.8;

/** A photo made smaller. What its file said besides the picture (place, device, time) does not come along. */
export async function photoOf(file: Blob): Promise<HeldFile> {
  if (file.size > MOST_PHOTO_BYTES) throw tooLarge('diary.photoTooLarge', file.size, MOST_PHOTO_BYTES);
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new FileProblem('diary.photoUnreadable');
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', QUALITY));
  if (blob === null) throw new FileProblem('diary.photoUnreadable');
  return held(blob);
}

/** What phones call their recordings. */
const SOUNDS: Readonly<Record<string, AttachmentType>> = {
  ...{
    'audio/webm': 'audio/webm',
    'video/webm': 'audio/webm',
    'audio/ogg': 'audio/ogg',
    'audio/opus': 'audio/ogg',
  },
  ...{
    'audio/mp4': 'audio/mp4',
    'audio/m4a': 'audio/mp4',
    'audio/x-m4a': 'audio/mp4',
    'audio/aac': 'audio/mp4',
  },
};

/** A voice note as it was recorded, by this page or by the phone's own recorder. */
export async function voiceOf(blob: Blob): Promise<HeldFile> {
  if (blob.size > mostAttachmentBytes) throw tooLarge('diary.voiceTooLarge', blob.size, mostAttachmentBytes);
  const [said = ''] = blob.type.split(';');
  const type = SOUNDS[said];
  if (type === undefined) throw new FileProblem('diary.voiceUnreadable');
  return held(blob.slice(0, blob.size, type));
}

/** As a revision names it. */
export function attachmentOf({ sha256, blob }: HeldFile) {
  const type = attachmentTypes.find((one) => one === blob.type);
  return { sha256, mediaType: (type ?? blob.type) as AttachmentType, sizeBytes: blob.size };
}

async function held(blob: Blob): Promise<HeldFile> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { sha256: hex(await sha256(bytes)), blob };
}

/** Over plain HTTP browsers give pages no `crypto.subtle`. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (crypto.subtle !== undefined) return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const { sha256 } = await import('@noble/hashes/sha2.js');
  return sha256(bytes);
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function tooLarge(key: string, bytes: number, most: number): FileProblem {
  return new FileProblem(key, { megabytes: Math.ceil(bytes / MEBIBYTE), most: Math.floor(most / MEBIBYTE) });
}
