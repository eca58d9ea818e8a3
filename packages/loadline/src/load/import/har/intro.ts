import type { EnvironmentNeed } from '../draft/scenario-draft.ts';
import type { Recording } from './recording.ts';
import type { Visit } from './redirects.ts';

/** What is told on top of the file. */
export interface Told {
  readonly file: string;
  readonly visits: readonly Visit[];
  /** Names with the visit whose answer gives them. */
  readonly saved: readonly { readonly name: string; readonly at: number }[];
  readonly leftOut: readonly string[];
  readonly needs: readonly EnvironmentNeed[];
}

export function introOf({ creator, exchanges }: Recording, told: Told): string[] {
  const { file, visits, saved, leftOut, needs } = told;
  const maker = creator === '' ? '' : `, recorded by ${creator}`;
  const hasBodies = visits.some(({ answer }) => answer.text !== undefined);
  return [
    `Written by loadline import har, from ${file}: ${visits.length} of ${exchanges.length} requests${dayOf(exchanges[0]?.startedMs ?? 0)}${maker}.`,
    ...section(
      'Set in the environment before it runs, instead of what was recorded:',
      needs.map(({ name, what }) => `${name}: ${what}`),
    ),
    ...section(
      'Saved from answers, and filled in where it was sent back:',
      saved.map(({ name, at }) => `${name}, from ${visits[at]?.method} ${visits[at]?.url.pathname}`),
    ),
    ...section('Left out:', leftOut),
    '',
    'Cookies that answers set are not written: each user keeps and sends its own.',
    ...(hasBodies
      ? []
      : [
          'There are no bodies of answers, so nothing was filled in from them: save the recording with content.',
        ]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function dayOf(timeMs: number): string {
  return timeMs > 0 && timeMs < 8.64e15 ? ` of ${new Date(timeMs).toISOString().slice(0, 10)}` : '';
}
