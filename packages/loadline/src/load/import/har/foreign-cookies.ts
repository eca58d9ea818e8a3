import type { Visit } from './redirects.ts';

/**
 * Names of cookies that were sent and that no answer of the recording sets: the browser had them before, or a
 * script made them. Those of well-known trackers are left out, since no service asks for them.
 */
export function foreignCookies(visits: readonly Visit[]): string[] {
  const set = new Set(
    visits.flatMap(({ answers }) =>
      answers.flatMap(({ headers }) =>
        headers
          .filter(([name]) => name === 'set-cookie')
          .flatMap(([, value]) => value.split('\n').map((line) => line.split('=')[0]?.trim() ?? '')),
      ),
    ),
  );
  const sent = new Set(visits.flatMap((visit) => visit.cookieNames));
  return [...sent].filter((name) => !set.has(name) && !trackers.test(name) && /^[!-~]+$/.test(name));
}

const trackers =
  /^(?:_ga|_gid|_gat|_gcl|_fbp|_fbc|__utm|_hj|_pk_|_cl[cs]k|_uet|_tt_|_pin_|_scid|ajs_|amplitude|AMP_|mp_|intercom-|optimizely|Optanon|OneTrust|__hs|hubspotutk|_dd_s|__stripe|CookieConsent|NID$|IDE$)/i;
