/** Keeps one call from hurting the rest: time limits, retries with budgets, breakers, bulkheads, limiters. */
export {};
