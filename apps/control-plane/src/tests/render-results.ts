import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { LoadReport } from 'loadline/load';
import { renderCsv, renderHtml } from 'loadline/load/output';
import { tooMany } from '../problems/index.ts';
import type { ResultFormat } from './result-formats.ts';

/** Gives a report, which is kept as JSON, in another form. */
export type RenderResults = (format: ResultFormat, json: string) => Promise<string>;

interface RenderJob {
  readonly kind: 'render results';
  readonly format: Exclude<ResultFormat, 'json'>;
  readonly json: string;
}

/**
 * The page of a long test takes some hundred milliseconds to be made, in which this process would answer nobody; so it is
 * made in a thread, one at a time.
 *
 * @param waitingMax so many wait at once; each takes a second at most.
 * @throws CONTROL_PLANE_TOO_MANY from the function that it gives, where so many wait already.
 */
export function createResultsRenderer(waitingMax = 20): RenderResults {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (format, json) => {
    if (format === 'json') return json;
    if (waiting >= waitingMax) throw tooMany(`${waitingMax} results are being rendered already.`, 5);
    waiting++;
    const rendered = last.then(() => renderInThread({ kind: 'render results', format, json }));
    last = rendered.catch(() => undefined);
    try {
      return await rendered;
    } finally {
      waiting--;
    }
  };
}

function renderInThread(job: RenderJob): Promise<string> {
  return new Promise((resolve, reject) => {
    // Sources find each other by a condition of their own, which a test runner does not hand on.
    const execArgv = import.meta.url.endsWith('.ts') ? ['--conditions=loadline-source'] : [];
    const thread = new Worker(new URL(import.meta.url), { workerData: job, execArgv });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) =>
      reject(new Error(`The thread that renders results ended with code ${code}.`)),
    );
  });
}

/** This file again, in its thread. */
const job = workerData as RenderJob | null;
if (job?.kind === 'render results') {
  const report = JSON.parse(job.json) as LoadReport;
  parentPort?.postMessage(job.format === 'html' ? renderHtml(report) : renderCsv(report));
}
