import { show } from '../../../base/index.ts';
import type { ApiPlace } from './api-place.ts';

/** Where an API is. */
export interface Server {
  readonly origin: string;
  /** The path before all paths, without a slash at the end. */
  readonly base: string;
  readonly notes: readonly string[];
}

/** The server that was asked for, or else the first that the description names. */
export function serverOf(document: ApiPlace, target: string | undefined): Server {
  const described = document.at('servers').at(0);
  const url = (described.at('url').text() ?? '').replace(/\{([^{}]*)\}/g, (_, name: string) =>
    String(described.at('variables').at(name).at('default').value ?? name),
  );
  const absolute = readUrl(url);
  const base = pathOf(
    absolute ?? (readUrl(`http://localhost/${url.replace(/^\.?\//, '')}`) as URL | undefined),
  );
  if (target !== undefined) {
    const asked = readUrl(target);
    if (asked === undefined)
      document.problem(
        `cannot be imported for ${show(target)}: the target must be an address like http://127.0.0.1:8080`,
      );
    return { origin: asked?.origin ?? 'http://127.0.0.1:8080', base: pathOf(asked) || base, notes: [] };
  }
  if (absolute !== undefined) return { origin: absolute.origin, base, notes: [] };
  return {
    origin: 'http://127.0.0.1:8080',
    base,
    notes: ['The description names no server: put the address of yours into target, or give --target.'],
  };
}

function readUrl(text: string): URL | undefined {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

function pathOf(url: URL | undefined): string {
  return (url?.pathname ?? '').replace(/\/+$/, '').replaceAll('{', '%7B');
}
