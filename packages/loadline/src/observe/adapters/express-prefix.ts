import { fits, pageOf } from '../vitals/pages.ts';

/** A router that tells what is mounted on it, as that of Express does since 5.3. */
interface TellingRouter {
  listRoutes?(): readonly { readonly path: unknown; readonly router?: TellingRouter | undefined }[];
}

/** Routers within routers beyond this are in a circle, or might as well be. */
const depthMax = 8;

/** Under which patterns an application has its routers, those within routers too: `/users/:id`, `/users/:id/posts`. */
export function patternsOf(app: unknown): string[] {
  try {
    return patternsIn((app as { readonly router?: TellingRouter } | undefined)?.router, '', 0);
  } catch {
    // Express 4 throws at whoever asks for its router: then nobody tells, which is what no patterns mean.
    return [];
  }
}

function patternsIn(router: TellingRouter | undefined, above: string, depth: number): string[] {
  if (depth === depthMax) return [];
  return (router?.listRoutes?.() ?? []).flatMap(({ path, router: mounted }) => {
    if (mounted === undefined || typeof path !== 'string') return [];
    const pattern = `${above}${path.replace(/\/$/, '')}`;
    return [pattern, ...patternsIn(mounted, pattern, depth + 1)];
  });
}

/**
 * The pattern under which a router was found at `baseUrl`. Where nobody tells it, what looks like an id is replaced, and
 * where there are too many such prefixes already, all of it.
 */
export function prefixOf(baseUrl: string, patterns: readonly string[], mayBeNew: boolean): string {
  if (baseUrl === '') return '';
  // Express does not look at case unless it is told to.
  const parts = baseUrl.toLowerCase().split('/');
  const pattern = patterns.find((each) => fits(parts, each.toLowerCase().split('/')));
  return pattern ?? (mayBeNew ? pageOf(baseUrl, undefined) : '/:other');
}
