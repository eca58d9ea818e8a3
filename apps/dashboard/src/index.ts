/** The dashboard: it will show runs, alerts, scaling and capacity in a browser, knowing only the HTTP contract. */
export {};
