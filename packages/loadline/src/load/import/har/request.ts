import type { Pairs } from '../draft/scenario-draft.ts';
import type { NamedValues, RecordedBody } from './recording.ts';
import type { Visit } from './redirects.ts';
import { type RequestBody, readBody } from './request-body.ts';

/** A recorded request, taken apart. */
export interface RecordedRequest {
  /** Of the path, as they were sent; the first is empty. */
  readonly segments: readonly string[];
  /** Decoded. */
  readonly query: Pairs;
  /** Only those that say something to the service, and without credentials and cookies. */
  readonly headers: Pairs;
  readonly authorization: string | undefined;
  readonly body: RequestBody | undefined;
}

export function takeApart(visit: Visit): RecordedRequest {
  const body = visit.body === undefined ? undefined : readBody(visit.body);
  return {
    segments: visit.url.pathname.split('/'),
    query: [...visit.url.searchParams],
    headers: usefulHeaders(visit.headers, body, visit.body),
    authorization: visit.headers.find(([name]) => name === 'authorization')?.[1],
    body,
  };
}

/** Percent-decoded where it is well encoded. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * Headers that a client sets by itself, that belong to one connection or one page, that would answer with "not
 * modified", or that would put every request of a run into the trace of the recording.
 */
const useless =
  /^:|^(?:host|content-length|connection|keep-alive|proxy-.*|transfer-encoding|te|trailer|expect|upgrade|upgrade-insecure-requests|http2-settings|sec-.*|cookie|authorization|referer|origin|dnt|priority|purpose|if-none-match|if-modified-since|range|if-range|pragma|x-client-data|via|forwarded|x-forwarded-.*|x-real-ip|traceparent|tracestate|baggage|sentry-trace|x-b3-.*|b3|x-datadog-.*|x-cloud-trace-context|newrelic|access-control-request-.*)$/;

/** Latin-1 without controls, and not empty (RFC 9110, section 5.5). */
const sendable = /^(?=.*\S)[\t\x20-\x7e\x80-\xff]+$/;

function usefulHeaders(
  headers: NamedValues,
  body: RequestBody | undefined,
  recorded: RecordedBody | undefined,
): Pairs {
  const seen = new Set<string>();
  const useful = headers.filter(([name, value]) => {
    const isUseful =
      /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) &&
      sendable.test(value) &&
      !useless.test(name) &&
      !seen.has(name);
    seen.add(name);
    return (
      isUseful &&
      !(name === 'cache-control' && /^(?:no-cache|max-age=0)$/.test(value)) &&
      name !== 'content-type'
    );
  });
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? recorded?.mimeType ?? '';
  const saysItself = body !== undefined && body.kind !== 'text' && body.usualType.test(type);
  return body === undefined || type === '' || body.kind === 'multipart' || saysItself
    ? useful
    : [...useful, ['content-type', type]];
}
