import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, readLoadPlan, runLoad } from 'loadline/load';
import { expect, it } from 'vitest';
import { importOpenapi } from '../../../src/load/import/index.ts';

const description = `openapi: 3.0.3
info: { title: Kennel, version: "1" }
servers: [{ url: /v1 }]
security: [{ token: [] }]
paths:
  /owners:
    post:
      tags: [owners]
      requestBody: { required: true, content: { application/json: { schema: { type: object, required: [name, mail], properties: { name: { type: string, pattern: "^[A-Z][a-z]{3,9}$" }, mail: { type: string, format: email } } } } } }
      responses: { "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Made" } } } } }
  /owners/{ownerId}/dogs:
    parameters: [{ name: ownerId, in: path, required: true, schema: { type: string } }]
    post:
      tags: [dogs]
      requestBody: { content: { application/x-www-form-urlencoded: { schema: { type: object, required: [age], properties: { age: { type: integer, minimum: 1, maximum: 20 } } } } } }
      responses: { "201": { description: made, content: { application/json: { schema: { type: object, properties: { data: { $ref: "#/components/schemas/Made" } } } } } } }
  /owners/{ownerId}/dogs/{dogId}:
    parameters:
      - { name: ownerId, in: path, required: true, schema: { type: string } }
      - { name: dogId, in: path, required: true, schema: { type: string } }
    get:
      tags: [dogs]
      parameters: [{ name: fields, in: query, required: true, schema: { type: array, items: { type: string, enum: [name, age] } } }]
      responses: { "200": { description: one }, "404": { description: none } }
    delete: { tags: [dogs], responses: { "204": { description: gone } } }
components:
  securitySchemes: { token: { type: http, scheme: bearer } }
  schemas: { Made: { type: object, required: [id], properties: { id: { type: string } } } }
`;

it('an API description becomes scenarios that a service takes which makes up every id anew', async () => {
  const mistakes: string[] = [];
  const [owners, dogs] = [new Set<string>(), new Map<string, string>()];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece as string;
    const refuse = (why: string): void => {
      mistakes.push(`${request.method} ${request.url}: ${why}: ${body}`);
      response.writeHead(400).end();
    };
    const made = (wrap: (id: string) => unknown): string => {
      const id = randomUUID();
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(wrap(id)));
      return id;
    };
    if (request.headers.authorization !== 'Bearer let-me-in') return refuse('no token');
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://kennel');
    const [, version, , owner = '', kind, dog = ''] = pathname.split('/');
    if (version !== 'v1') return refuse('another path');
    if (owner === '') {
      const { name, mail } = JSON.parse(body) as { name: string; mail: string };
      if (!/^[A-Z][a-z]{3,9}$/.test(name) || !/^person\d+@example\.com$/.test(mail))
        return refuse('not as described');
      owners.add(made((id) => ({ id })));
      return;
    }
    if (!owners.has(owner) || kind !== 'dogs') return refuse('a foreign owner');
    if (request.method === 'POST') {
      const age = Number(new URLSearchParams(body).get('age'));
      if (!(age >= 1 && age <= 20)) return refuse('no age');
      dogs.set(
        made((id) => ({ data: { id } })),
        owner,
      );
      return;
    }
    if (dogs.get(dog) !== owner) return refuse('a foreign dog');
    if (request.method === 'GET' && searchParams.get('fields') !== 'name') return refuse('no fields');
    if (request.method === 'DELETE') dogs.delete(dog);
    response.writeHead(request.method === 'DELETE' ? 204 : 200).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'loadline-import-'));
  try {
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const file = join(folder, 'kennel.yaml');
    await writeFile(file, description);
    // Nobody is waited for here.
    const written = (await importOpenapi(file, { target, all: true })).replaceAll('think: 1s', 'think: 1ms');
    await writeFile(join(folder, 'load.yaml'), written);
    const plan = await readLoadPlan(join(folder, 'load.yaml'), {
      rate: '30/s',
      duration: '1s',
      env: { TOKEN: 'let-me-in' },
    });
    const report = await runLoad(plan, {
      transport: createHttp1Transport({ target: new URL(target), address: '127.0.0.1', clock: systemClock }),
    });
    expect(mistakes).toEqual([]);
    expect([report.total.errors, report.iterations.cutShortBecause]).toEqual([0, {}]);
    expect(report.endpoints.map(({ name }) => name).toSorted()).toEqual([
      'DELETE /v1/owners/{ownerId}/dogs/{dogId}',
      'GET /v1/owners/{ownerId}/dogs/{dogId}',
      'POST /v1/owners',
      'POST /v1/owners/{ownerId}/dogs',
    ]);
    expect([owners.size, dogs.size]).toEqual([report.iterations.completed, 0]);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
});
