/** Remembers samples, runs, decisions and alerts. */
export {};
