import type { FastifyInstance } from 'fastify';

/**
 * Tells browsers to trust an answer with nothing: no frame, no sniffing, no script. What is a page overrides the policy
 * of its contents.
 */
export function addSecurityHeaders(app: FastifyInstance, { isSecure }: { readonly isSecure: boolean }): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      ...(isSecure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
  });
}
