import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundsOf, type Circle } from '../../src/food/area.ts';

const circles = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  radiusKm: fc.double({ min: 0.01, max: 500, noNaN: true }),
});

/** The point that one reaches from a centre in a direction, on a sphere of the mean earth radius. */
function travel(
  { latitude, longitude }: Circle,
  km: number,
  bearing: number,
): { latitude: number; longitude: number } {
  const angle = km / 6371.0088;
  const [lat, lon] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  const sine = Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(bearing);
  const to = Math.asin(Math.min(1, Math.max(-1, sine)));
  const east = Math.atan2(
    Math.sin(bearing) * Math.sin(angle) * Math.cos(lat),
    Math.cos(angle) - Math.sin(lat) * Math.sin(to),
  );
  const degrees = ((lon + east) * 180) / Math.PI;
  return { latitude: (to * 180) / Math.PI, longitude: ((degrees + 540) % 360) - 180 };
}

describe('boundsOf()', () => {
  it('holds every point of the circle, also at the poles and at the date line', () => {
    fc.assert(
      fc.property(
        circles,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 7, noNaN: true }),
        (circle, share, bearing) => {
          const { south, north, west, east } = boundsOf(circle);
          const point = travel(circle, circle.radiusKm * share, bearing);
          expect(point.latitude).toBeGreaterThanOrEqual(south - 1e-9);
          expect(point.latitude).toBeLessThanOrEqual(north + 1e-9);
          expect(point.longitude).toBeGreaterThanOrEqual(west - 1e-9);
          expect(point.longitude).toBeLessThanOrEqual(east + 1e-9);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is hardly larger than the circle where people live', () => {
    const { south, north, west, east } = boundsOf({ latitude: 52.52, longitude: 13.405, radiusKm: 5 });
    expect((north - south) * 111.195).toBeCloseTo(10, 2);
    expect((east - west) * 111.195 * Math.cos((52.52 * Math.PI) / 180)).toBeCloseTo(10, 2);
  });
});
