export { type Codecs, createCodecs } from './codecs.ts';
