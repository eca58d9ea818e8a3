/** Fits the scalability curve, forecasts demand, states headroom. */
export {};
