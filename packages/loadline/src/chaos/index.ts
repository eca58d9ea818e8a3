/** Breaks one thing on purpose and checks that nothing was lost. */
export {};
