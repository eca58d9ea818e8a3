/** Work for later: priorities, retries, dead letters, done once. */
export {};
