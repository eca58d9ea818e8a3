import { describe, expect, it } from 'vitest';
import { openApiDocument, operationNames, operations, schemas } from '../../src/contract/index.ts';
import { startPlane } from '../plane.ts';

const document = openApiDocument({ version: '0', accessOf: () => 'viewer' });

describe('the OpenAPI document', () => {
  it('has every operation at its path, with an id of its own', () => {
    const paths = document.paths as Record<string, Record<string, { operationId: string }>>;
    const found = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(
        ([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`,
      ),
    );
    const wanted = operationNames.map(
      (name) => `${operations[name].method} ${operations[name].path} ${name}`,
    );
    expect(found.toSorted()).toEqual(wanted.toSorted());
  });

  it('refers to nothing that it does not hold', () => {
    const text = JSON.stringify(document);
    const names = new Set(schemas.map(({ $id }) => `#/components/schemas/${$id}`));
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, name]) => name as string);
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((name) => !names.has(name))).toEqual([]);
  });

  it('is served as it is, and says who may ask', async () => {
    await using plane = await startPlane();
    const { status, json } = await plane.ask('viewer', 'GET', '/openapi.json');
    expect(status).toBe(200);
    expect(json.openapi).toBe('3.1.0');
    expect(json.paths['/keys'].post.description).toContain('For admins.');
    expect(json.paths['/health/live'].get.security).toEqual([]);
  });

  it('has just the routes that are answered', async () => {
    await using plane = await startPlane();
    const routes = plane.composition.app.printRoutes({ commonPrefix: false });
    for (const name of operationNames) {
      const url = operations[name].path.replaceAll(/\{(\w+)\}/g, ':$1');
      expect(plane.composition.app.hasRoute({ method: operations[name].method, url })).toBe(true);
    }
    expect(routes).not.toContain('*');
  });
});
