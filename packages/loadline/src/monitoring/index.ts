/** Targets, objectives, burn rates, alerts, uptime, peak-day calendar. */
export {};
