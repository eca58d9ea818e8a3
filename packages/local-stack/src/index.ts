/** Starts the real servers a laptop needs. */
export {};
