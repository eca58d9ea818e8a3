/** The common tongue: a number with its labels, time and uncertainty; counters, gauges, mergeable histograms, Prometheus text. */
export {};
