/** Levels, one refill per key, invalidation everywhere. */
export {};
