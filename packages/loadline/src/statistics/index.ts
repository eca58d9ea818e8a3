/** What can be concluded from numbers: quantiles and their intervals, bootstrap, rank tests, change points, least squares. */
export {};
