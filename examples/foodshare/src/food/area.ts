/** A circle on the earth, in degrees and kilometres. */
export interface Circle {
  readonly latitude: number;
  readonly longitude: number;
  readonly radiusKm: number;
}

/** What holds a circle: bounds that an index entry is compared with before anybody computes a distance. */
export interface Bounds {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

/** The whole earth, for a search without a place. */
export const everywhere: Bounds = { south: -90, north: 90, west: -180, east: 180 };

const earthRadiusKm = 6371.0088;

/**
 * The narrowest bounds around a circle (Jan Philip Matuschek, "Finding points within a distance of a latitude /
 * longitude"): meridians draw together towards a pole, so the circle's widest place is not at its centre. Where
 * a pole or the date line is inside, the longitudes are left open and the exact distance alone decides.
 */
export function boundsOf({ latitude, longitude, radiusKm }: Circle): Bounds {
  const radius = radiusKm / earthRadiusKm;
  const reach = (radius * 180) / Math.PI + slack;
  const south = Math.max(-90, latitude - reach);
  const north = Math.min(90, latitude + reach);
  const ratio = Math.sin(radius) / Math.cos((latitude * Math.PI) / 180);
  if (south === -90 || north === 90 || ratio >= 1) return { ...everywhere, south, north };
  const half = (Math.asin(ratio) * 180) / Math.PI + slack;
  if (longitude - half < -180 || longitude + half > 180) return { ...everywhere, south, north };
  return { south, north, west: longitude - half, east: longitude + half };
}

/** A tenth of a metre, so that rounding never loses a post on the rim. */
const slack = 1e-6;
