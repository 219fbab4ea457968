/**
 * What runs inside QuickJS around a script: takes the script's functions, calls one, and gives its answer as JSON.
 * It is no wall: a script that bends it only bends its own answer, which the host bounds and checks like any other.
 *
 * The expression is a function `(what, argument) → string`:
 * 'take' (a table of the script's functions), 'describe' (an error), 'decode' and 'encode' (a JSON text).
 */
export const PRELUDE = `(() => {
  'use strict';
  const { parse, stringify } = JSON;
  const isArray = Array.isArray;
  const nothing = () => {};
  globalThis.console = { log: nothing, info: nothing, warn: nothing, error: nothing, debug: nothing };
  for (const [name, value] of [['module', { exports: {} }], ['exports', undefined]]) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
  exports = module.exports;
  let script = {};

  const failed = (cause, detail) => stringify({ failed: cause, detail });
  const describe = (error) => {
    try {
      if (typeof error !== 'object' || error === null) return String(error).slice(0, 300);
      const place = String(error.stack).match(/[^\\s(]+\\.js:\\d+/);
      const line = place === null ? '' : 'line ' + place[0].split(':').pop() + ': ';
      if (error.name === undefined && error.message === undefined) return 'an object that is no error';
      return (line + String(error.name) + ': ' + String(error.message)).slice(0, 300);
    } catch {
      return 'an error that cannot be shown';
    }
  };
  const kind = (value) => (value === null ? 'null' : isArray(value) ? 'an array' : typeof value);
  const wrong = (name, value) => {
    const late = typeof value === 'object' && value !== null && typeof value.then === 'function';
    return failed('result', name + ' returned ' + (late ? 'a promise: it must answer at once' : kind(value)));
  };
  const isObject = (value) =>
    typeof value === 'object' && value !== null && !isArray(value) && typeof value.then !== 'function';
  const texts = (list) => (isArray(list) ? list.slice(0, 20).map((text) => String(text).slice(0, 200)) : []);
  /** A BigInt becomes a number; what JSON writes as null (NaN, Infinity) is counted as missing by whoever reads it. */
  const plain = (key, value) => (typeof value === 'bigint' ? Number(value) : value);
  const answer = (value) => {
    const text = stringify(value, plain);
    return typeof text === 'string' ? text : failed('result', 'the answer has no JSON form');
  };

  const normalize = (data, warnings) => {
    if (script.normalizeUplink === undefined) return {};
    try {
      const out = script.normalizeUplink({ data, warnings, errors: [] });
      if (!isObject(out)) return { normalizeProblem: 'normalizeUplink returned ' + kind(out) };
      const errors = texts(out.errors);
      return errors.length > 0 ? { normalizeProblem: errors.join('; ') } : { normalized: out.data };
    } catch (error) {
      return { normalizeProblem: describe(error) };
    }
  };
  const decode = ({ bytes, fPort, recvTime }) => {
    if (script.decodeUplink === undefined) {
      const legacy = script.Decode ?? script.Decoder;
      if (legacy === undefined) {
        return failed('missing', 'the script has no function decodeUplink');
      }
      const data = legacy === script.Decode ? legacy(fPort, bytes, {}) : legacy(bytes, fPort);
      return isObject(data) ? answer({ data, warnings: [] }) : wrong('Decode', data);
    }
    const out = script.decodeUplink({ bytes, fPort, recvTime: new Date(recvTime), variables: {} });
    if (!isObject(out)) return wrong('decodeUplink', out);
    const { data, warnings, errors } = out;
    if (isArray(errors) && errors.length > 0) return failed('refused', texts(errors).join('; '));
    if (!isObject(data) && !isArray(data)) return failed('result', 'decodeUplink returned no data (' + kind(data) + ')');
    const said = texts(warnings);
    return answer({ data, warnings: said, ...normalize(data, said) });
  };
  const encode = ({ data, fPort }) => {
    if (script.encodeDownlink === undefined) {
      const legacy = script.Encode ?? script.Encoder;
      if (legacy === undefined) return failed('missing', 'the script has no function encodeDownlink');
      const bytes = legacy === script.Encode ? legacy(fPort, data, {}) : legacy(data, fPort);
      return answer({ bytes, fPort });
    }
    const out = script.encodeDownlink({ data, fPort, variables: {} });
    if (!isObject(out)) return wrong('encodeDownlink', out);
    const errors = texts(out.errors);
    if (errors.length > 0) return failed('refused', errors.join('; '));
    return answer({ bytes: out.bytes, fPort: out.fPort ?? fPort });
  };

  return (what, argument) => {
    if (what === 'describe') return describe(argument);
    try {
      if (what === 'take') {
        script = argument;
        return '';
      }
      return (what === 'decode' ? decode : encode)(parse(argument));
    } catch (error) {
      return failed('threw', describe(error));
    }
  };
})()`;

const NAMES = ['decodeUplink', 'encodeDownlink', 'normalizeUplink', 'Decode', 'Decoder', 'Encode', 'Encoder'];

/** The script's functions, declared in any way (`const` included) or exported as CommonJS does. */
export const COLLECT = `(() => {
  const own = (object, name) =>
    (typeof object === 'object' || typeof object === 'function') && object !== null ? object[name] : undefined;
  const pick = (declared, name) =>
    [own(module.exports, name), own(exports, name), declared].find((value) => typeof value === 'function');
  return { __proto__: null, ${NAMES.map(
    (name) => `${name}: pick(typeof ${name} === 'undefined' ? undefined : ${name}, '${name}')`,
  ).join(', ')} };
})()`;
