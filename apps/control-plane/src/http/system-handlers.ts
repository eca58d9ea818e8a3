import type { Registry } from 'loadline/metrics';
import { prometheusContentType, renderPrometheus } from 'loadline/metrics';
import { permissions } from '../access/index.ts';
import { type Handlers, openApiDocument } from '../contract/index.ts';
import { renderApiPage } from '../pages/index.ts';

type SystemHandlers = Pick<Handlers, 'isAlive' | 'isReady' | 'getOwnMetrics' | 'getOpenApi' | 'getApiPage'>;

/** Answers what is asked about the control plane itself. */
export function systemHandlers(options: {
  readonly registry: Registry;
  readonly version: string;
  readonly isDraining: () => boolean;
}): SystemHandlers {
  const { registry, version, isDraining } = options;
  const document = openApiDocument({ version, accessOf: wordsOf });
  const page = renderApiPage(document);
  return {
    isAlive: async () => ({ status: 200, body: { status: 'ok' } }),
    isReady: async () =>
      isDraining() ? { status: 503, body: { status: 'draining' } } : { status: 200, body: { status: 'ok' } },
    getOwnMetrics: async () => ({
      status: 200,
      // Piece by piece, so that a scrape holds nobody up.
      text: renderPrometheus(registry),
      contentType: prometheusContentType,
    }),
    getOpenApi: async () => ({ status: 200, body: document }),
    getApiPage: async () => ({
      status: 200,
      text: page.html,
      contentType: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': page.policy },
    }),
  };
}

/** Metrics are for whoever has a key at all. */
function wordsOf(name: keyof typeof permissions): string {
  const needed = permissions[name];
  return needed === 'metrics' ? 'viewer' : needed;
}
