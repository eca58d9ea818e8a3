import { type Parsed, parse } from '../../../base/index.ts';
import { hoist } from '../draft/hoist.ts';
import { wordsOf } from '../draft/names.ts';
import type { FileDraft, Pairs, RequestDraft } from '../draft/scenario-draft.ts';
import { Secrets } from '../draft/secrets.ts';
import { correlate, type Step } from './correlation.ts';
import { foreignCookies } from './foreign-cookies.ts';
import { introOf } from './intro.ts';
import { noteSecrets } from './note-secrets.ts';
import { pauseBefore } from './pauses.ts';
import { parseRecording } from './recording.ts';
import { foldRedirects, type Visit } from './redirects.ts';
import { takeApart } from './request.ts';
import { requestDraft } from './request-draft.ts';
import { type SelectionOptions, selectExchanges } from './selection.ts';

export interface HarOptions extends SelectionOptions {
  /** Of the file, for the comment on top and the name of the scenario. */
  readonly file: string;
  /** Whether pauses between requests are written; default true. */
  readonly think?: boolean | undefined;
}

/**
 * Makes a scenario of a HAR's value: what one person did, with what the server made up filled in from its
 * answers, and with the environment in the place of secrets. Pure.
 */
export function draftFromHar(value: unknown, options: HarOptions): Parsed<FileDraft> {
  const recording = parseRecording(value);
  if (!recording.ok) return recording;
  return parse(value, (root) => {
    const selection = selectExchanges(recording.value.exchanges, options);
    if ('problem' in selection) {
      root.at('log').at('entries').problem(selection.problem);
      return { intro: [], target: '', scenarios: [] };
    }
    const visits = foldRedirects(selection.kept);
    const steps = visits.map((visit): Step => ({ visit, request: takeApart(visit) }));
    const secrets = new Secrets();
    for (const step of steps) noteSecrets(step, secrets);
    const correlation = correlate(steps, secrets);
    const drafts = steps.flatMap((step, at) => [
      ...(options.think === false ? [] : pauseBefore(visits, at)),
      withPage(requestDraft(step, at, correlation, secrets), visits, at, secrets),
    ]);
    const scenario = hoist(scenarioName(options.file), drafts, cookieHeader(visits, secrets));
    const intro = introOf(recording.value, {
      file: options.file,
      visits,
      saved: steps.flatMap((_, at) => correlation.savesOf(at).map(([name]) => ({ name, at }))),
      leftOut: selection.leftOut,
      needs: secrets.needs(),
    });
    return {
      intro: intro.map((line) => secrets.mask(line)),
      target: selection.origin,
      scenarios: [scenario],
    };
  });
}

/** With the title of the page where it is the first of one. */
function withPage(
  request: RequestDraft,
  visits: readonly Visit[],
  at: number,
  secrets: Secrets,
): RequestDraft {
  const page = visits[at]?.page;
  const isFirst = page !== undefined && page !== visits[at - 1]?.page;
  const notes = [...(isFirst ? [`The page ${page.slice(0, 100)}`] : []), ...request.notes];
  return { ...request, notes: notes.map((note) => secrets.mask(note)) };
}

/** For cookies that no answer gives, so that no user can have them by itself. */
function cookieHeader(visits: readonly Visit[], secrets: Secrets): Pairs {
  const names = foreignCookies(visits);
  if (names.length === 0) return [];
  const what = `cookies that the browser had before the recording, as in ${names[0]}=…: ${names.join(', ')}`;
  return [['cookie', secrets.ask('cookie', what)]];
}

function scenarioName(file: string): string {
  return (
    wordsOf(file.replace(/\.[^.]*$/, ''))
      .join('-')
      .slice(0, 60) || 'recorded'
  );
}
