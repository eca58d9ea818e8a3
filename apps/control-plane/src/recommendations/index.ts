/** What to do: everything that is known is reviewed, and ranked by `loadline/advice`. */

export { recommendationHandlers } from './recommendation-handlers.ts';
export { createRecommendations, type Recommendations } from './recommendations.ts';
export { type WatchedDatabase, watchDatabase } from './watched-database.ts';
