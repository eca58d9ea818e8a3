/** A place where people share food. Coordinates are those of the centre, in degrees. */
export interface City {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Its share of all people is its weight over the sum of the weights. */
  readonly weight: number;
  /** Standard deviation of homes around the centre, in kilometres. */
  readonly spreadKm: number;
}

/** Forty cities, of which the largest has a tenth of the people and the smallest less than a hundredth. */
export const cities: readonly City[] = [
  city('Berlin', 52.52, 13.405, 370, 6.5),
  city('Madrid', 40.4168, -3.7038, 330, 6),
  city('Rome', 41.9028, 12.4964, 280, 6),
  city('Paris', 48.8566, 2.3522, 270, 5.5),
  city('Vienna', 48.2082, 16.3738, 200, 5.5),
  city('Hamburg', 53.5511, 9.9937, 190, 6),
  city('Warsaw', 52.2297, 21.0122, 180, 5.5),
  city('Budapest', 47.4979, 19.0402, 175, 5.5),
  city('Barcelona', 41.3874, 2.1686, 165, 4.5),
  city('Munich', 48.1351, 11.582, 150, 5),
  city('Milan', 45.4642, 9.19, 140, 5),
  city('Prague', 50.0755, 14.4378, 135, 5),
  city('Copenhagen', 55.6761, 12.5683, 125, 4.5),
  city('Stockholm', 59.3293, 18.0686, 120, 5),
  city('Cologne', 50.9375, 6.9603, 110, 4.5),
  city('Naples', 40.8518, 14.2681, 100, 4.5),
  city('Amsterdam', 52.3676, 4.9041, 95, 4),
  city('Turin', 45.0703, 7.6869, 90, 4.5),
  city('Marseille', 43.2965, 5.3698, 88, 4.5),
  city('Krakow', 50.0647, 19.945, 80, 4.5),
  city('Valencia', 39.4699, -0.3763, 78, 4),
  city('Frankfurt', 50.1109, 8.6821, 76, 4),
  city('Zurich', 47.3769, 8.5417, 74, 4),
  city('Seville', 37.3891, -5.9845, 70, 4),
  city('Rotterdam', 51.9244, 4.4777, 68, 4),
  city('Oslo', 59.9139, 10.7522, 66, 4.5),
  city('Helsinki', 60.1699, 24.9384, 64, 4.5),
  city('Stuttgart', 48.7758, 9.1829, 62, 4),
  city('Lisbon', 38.7223, -9.1393, 60, 4),
  city('Leipzig', 51.3397, 12.3731, 58, 4),
  city('Gothenburg', 57.7089, 11.9746, 56, 4.5),
  city('Lyon', 45.764, 4.8357, 54, 3.5),
  city('Antwerp', 51.2194, 4.4025, 52, 3.5),
  city('Porto', 41.1579, -8.6291, 48, 3.5),
  city('Bologna', 44.4949, 11.3426, 45, 3.5),
  city('Bordeaux', 44.8378, -0.5792, 42, 3.5),
  city('Ghent', 51.0543, 3.7174, 38, 3),
  city('Graz', 47.0707, 15.4395, 36, 3),
  city('Bergen', 60.3913, 5.3221, 34, 3.5),
  city('Freiburg', 47.999, 7.8421, 32, 3),
];

function city(name: string, latitude: number, longitude: number, weight: number, spreadKm: number): City {
  return { name, latitude, longitude, weight, spreadKm };
}
