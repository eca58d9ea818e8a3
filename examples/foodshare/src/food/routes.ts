import type { FastifyInstance } from 'fastify';
import type { Postgres } from 'loadline/postgres';
import { invalid } from '../http/problem.ts';
import {
  dateTimeSchema,
  idParams,
  latitudeSchema,
  longitudeSchema,
  object,
  text,
  uuidSchema,
} from '../http/validation.ts';
import { claimFood } from './claim.ts';
import { completeFood } from './complete.ts';
import { decodeCursor } from './cursor.ts';
import { type DiscoveryFilter, findFood } from './discover.ts';
import { type Offer, postFood } from './post.ts';

/** Discovery, posting, claiming, completing. */
export function foodRoutes(scope: FastifyInstance, postgres: Postgres): void {
  scope.get<{ Querystring: DiscoveryQuery }>(
    '/api/food',
    { schema: { querystring: discoveryQuery } },
    async ({ query, identity }) => await findFood(postgres, filterOf(query, identity.userId)),
  );

  scope.post<{ Body: Offer }>(
    '/api/food',
    { schema: { body: offerBody } },
    async ({ body, identity }, reply) => {
      assertSoon(body.pickup_time);
      const posted = await postFood(postgres, identity.userId, body);
      return reply.code(201).header('location', `/api/food/${posted.id}`).send(posted);
    },
  );

  scope.post<{ Params: { id: string } }>(
    '/api/food/:id/claim',
    { schema: { params: idParams } },
    async ({ params, identity }) => await claimFood(postgres, params.id, identity.userId),
  );

  scope.post<{ Params: { id: string }; Body: { stars?: number } | undefined }>(
    '/api/food/:id/complete',
    { schema: { params: idParams, body: completionBody } },
    async ({ params, body, identity }) =>
      await completeFood(postgres, params.id, identity.userId, body?.stars),
  );
}

interface DiscoveryQuery {
  readonly lat?: number;
  readonly lon?: number;
  readonly distance_km?: number;
  readonly reputation_min?: number;
  readonly pickup_from?: string;
  readonly pickup_to?: string;
  readonly cursor?: string;
  readonly limit: number;
}

const discoveryQuery = {
  ...object(
    {
      lat: latitudeSchema,
      lon: longitudeSchema,
      distance_km: { type: 'number', exclusiveMinimum: 0, maximum: 500 },
      reputation_min: { type: 'number', minimum: 0, maximum: 100 },
      pickup_from: dateTimeSchema,
      pickup_to: dateTimeSchema,
      cursor: { type: 'string', maxLength: 200 },
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    },
    [],
  ),
  // A place is both coordinates and how far from it.
  dependencies: { distance_km: ['lat', 'lon'], lat: ['lon', 'distance_km'], lon: ['lat', 'distance_km'] },
};

const offerBody = object(
  {
    group_id: uuidSchema,
    title: text(1, 120),
    description: text(0, 2000),
    pickup_time: dateTimeSchema,
    pickup_location: text(1, 200),
    latitude: latitudeSchema,
    longitude: longitudeSchema,
  },
  ['group_id', 'title', 'description', 'pickup_time', 'pickup_location', 'latitude', 'longitude'],
);

/** The body may be left out. */
const completionBody = {
  ...object({ stars: { type: 'integer', minimum: 1, maximum: 5 } }, []),
  type: ['object', 'null'],
};

function filterOf(query: DiscoveryQuery, userId: string): DiscoveryFilter {
  const { lat, lon, distance_km, reputation_min, pickup_from, pickup_to, cursor, limit } = query;
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    throw invalid({ in: 'query', pointer: '#/cursor', detail: 'must be a next_cursor of this service' });
  }
  const hasPlace = lat !== undefined && lon !== undefined && distance_km !== undefined;
  return {
    userId,
    limit,
    ...(hasPlace ? { within: { latitude: lat, longitude: lon, radiusKm: distance_km } } : {}),
    ...(reputation_min === undefined ? {} : { reputationMin: reputation_min }),
    ...(pickup_from === undefined ? {} : { pickupFrom: new Date(pickup_from) }),
    ...(pickup_to === undefined ? {} : { pickupTo: new Date(pickup_to) }),
    ...(after === undefined ? {} : { after }),
  };
}

const pickupDaysMax = 30;

/** Food doesn't keep: a pickup is to come, and within a month. */
function assertSoon(pickupTime: string): void {
  const aheadMs = Date.parse(pickupTime) - Date.now();
  if (aheadMs > 0 && aheadMs <= pickupDaysMax * 86_400_000) return;
  const detail = `must be within the next ${pickupDaysMax} days`;
  throw invalid({ in: 'body', pointer: '#/pickup_time', detail });
}
