import { type Field, type Parsed, parse, show } from '../../base/index.ts';

/** Which control plane a process tells that it is there, and where it is to be found. */
export interface AnnounceOptions {
  /** `https://loadline.shop.internal:7070`. Over `http:` the key can be read on the way. */
  readonly controlPlane: string | URL;
  /** A key of the control plane with the role `reporter`, `operator` or `admin`. */
  readonly key: string;
  /** Where the control plane finds this process: `http://10.0.0.7:8080`. Without a path, `/metrics`. */
  readonly url: string | URL;
  /** What this process is called among those of its service, at most 100 characters. Default: host and port of `url`. */
  readonly instance?: string;
  /** Hears why the control plane does not know this process, once each time. Default: a warning of the process. */
  readonly onProblem?: (problem: string) => void;
}

/** The same, checked. */
export interface Announced {
  readonly controlPlane: URL;
  readonly key: string;
  readonly url: string;
  readonly instance: string | undefined;
  readonly onProblem: (problem: string) => void;
}

/** Tells every problem, and no key in it. */
export function parseAnnounce(input: AnnounceOptions): Parsed<Announced> {
  return parse(input, (root) => {
    const options = root.object(['controlPlane', 'key', 'url', 'instance', 'onProblem']);
    return {
      controlPlane: new URL(addressOf(options.required('controlPlane'))),
      key: keyOf(options.required('key')),
      url: addressOf(options.required('url')),
      instance: instanceOf(options.optional('instance')),
      onProblem: hearerOf(options.optional('onProblem')),
    };
  });
}

/** What stands for one that cannot be used, until it is thrown away. */
const nowhere = 'http://127.0.0.1';

function addressOf(field: Field): string {
  const text = field.value instanceof URL ? field.value.href : field.string();
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    field.problem(`must be an address like http://10.0.0.7:8080, got ${show(text)}`);
    return nowhere;
  }
  if (url.username === '' && url.password === '') return text;
  field.problem('must not hold a user or a password');
  return nowhere;
}

/** It comes from the environment, where it is often missing, and stands in a header. */
function keyOf(field: Field): string {
  if (typeof field.value === 'string' && /^[\x21-\x7e]+$/.test(field.value)) return field.value;
  const found = typeof field.value === 'string' ? `${field.value.length} characters` : typeof field.value;
  field.problem(`must be a key of the control plane, got ${found}`);
  return '';
}

function instanceOf(field: Field | undefined): string | undefined {
  const name = field?.string();
  if (name !== undefined && (name === '' || name.length > instanceLengthMax || /\p{Cc}/u.test(name)))
    field?.problem(`must have 1 to ${instanceLengthMax} characters that can be printed, got ${show(name)}`);
  return name;
}

const instanceLengthMax = 100;

function hearerOf(field: Field | undefined): (problem: string) => void {
  if (field === undefined) return warn;
  if (typeof field.value !== 'function') field.problem(`must be a function, got ${show(field.value)}`);
  return field.value as (problem: string) => void;
}

function warn(problem: string): void {
  process.emitWarning(problem, { type: 'LoadlineWarning', code: 'OBSERVE_NOT_ANNOUNCED' });
}
