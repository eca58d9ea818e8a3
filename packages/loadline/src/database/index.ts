/** Sends a query to the right server, keeps tables fast, says what is slow and why. */
export {};
