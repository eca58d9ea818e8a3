/** The control plane: it will start and keep load tests, collect metrics, raise alerts and scale, over HTTP. */
export {};
