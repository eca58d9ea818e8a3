import type { Handlers } from '../contract/index.ts';
import type { Recommendations } from './recommendations.ts';

/** Answers what to do. */
export function recommendationHandlers(
  recommendations: Recommendations,
): Pick<Handlers, 'listRecommendations'> {
  return {
    listRecommendations: async () => ({ status: 200, body: await recommendations.now() }),
  };
}
