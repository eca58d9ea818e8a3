/** Reaches PostgreSQL the right way: connect, time limits, named statements, transactions. */
export {};
