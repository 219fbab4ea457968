export { type CodecDevice, type CodecProblem, type Codecs, createCodecs, type Decoded } from './codecs.ts';
