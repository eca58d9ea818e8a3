import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLoadlineError } from 'loadline/base';
import { type LoadPlan, readLoadPlan } from 'loadline/load';
import type { PlanOptions } from '../../../src/load/file/read-plan.ts';

/** DESIGN.md's example, as people will write it. */
export const exampleFile = `target: http://127.0.0.1:8080                 # or --target
data:
  person: { file: people.csv, pick: each }    # sequential | random | once | each (one row a user)
scenarios:
  browse:
    weight: 60                                # share of the iterations, drawn anew each time
    steps:
      - get: /api/food?lat={{person.lat}}&lon={{person.lon}}&distance_km=5
        name: discovery                       # in the report
        headers: { authorization: "Bearer {{person.token}}" }
        check: { status: 200, json: { /items: exists } }
        save: { foodId: { json: /items/0/id } }
      - think: { from: 1s, to: 5s }
  claim:
    weight: 20
    steps:
      - post: /api/food/{{foodId}}/claim
        expect: [200, 409]                    # somebody was quicker: no error
load:
  - ramp: { users: 200, over: 30s }
  - hold: { for: 2m }
  - arrivals: { rate: 50/s, for: 1m }         # open model: they come, whoever is busy
thresholds:
  latency: [p95 < 200ms]
  claim.latency: [p99 < 500ms]
  errors: [ratio < 0.1%]
`;

export const peopleFile: string = `lat,lon,token\n${Array.from({ length: 200 }, (_, i) => `52.${i},13.${i},t${i}`).join('\n')}\n`;

/** Reads a scenario file that stands beside other files, in a folder of its own. */
export async function readPlan(
  yaml: string,
  choice: PlanOptions = {},
  beside: Readonly<Record<string, string>> = {},
  file = 'load.yaml',
): Promise<LoadPlan> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-file-'));
  try {
    for (const [name, text] of Object.entries({ ...beside, [file]: yaml }))
      await writeFile(join(folder, name), text);
    return await readLoadPlan(join(folder, file), choice);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A plan as plain data, with its rows, so that two of them can be held against each other. */
export function plain(plan: LoadPlan): unknown {
  const data = plan.data.map(({ table, ...source }) => ({
    ...source,
    columns: table.columns,
    rows: Array.from({ length: table.rowCount }, (_, index) => table.row(index)),
  }));
  return { ...plan, data };
}

/** Why a file is refused: the code and the lines of the list. */
export async function refusal(
  yaml: string,
  choice?: PlanOptions,
  beside?: Readonly<Record<string, string>>,
  file?: string,
): Promise<{ readonly code: string; readonly problems: readonly string[] }> {
  try {
    await readPlan(yaml, choice, beside, file);
  } catch (error) {
    if (!isLoadlineError(error)) throw error;
    const [, ...problems] = error.message.split('\n');
    return { code: error.code, problems: problems.map((line) => line.trim()) };
  }
  throw new Error('the file was taken');
}
