import { type TSchema, Type } from 'typebox';

/** What many answers are made of. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** Milliseconds since 1970 UTC. */
export const AtMs = Type.Number();
