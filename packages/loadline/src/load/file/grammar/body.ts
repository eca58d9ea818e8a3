import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Field, ObjectField } from '../../../base/index.ts';
import type { Body, MultipartPart } from '../../plan.ts';
import type { HeaderTemplate } from '../../steps/request-parts.ts';
import { literalHeader } from './headers.ts';
import { keys, type StepKey } from './keys.ts';
import { type Names, readJsonTemplate, readPairs, readScalarTemplate, readTemplate } from './templates.ts';

/** Reads a file that is sent by the name that stands in the scenario file; a problem completes "photo.jpg …". */
export type ReadSentFile = (file: string) => Uint8Array | { readonly problem: string };

/** What a request carries, with the header that says what it is. */
export interface SentBody {
  readonly body: Body | undefined;
  readonly contentType: HeaderTemplate | undefined;
}

export function readBody(step: ObjectField<StepKey>, names: Names, readFile: ReadSentFile): SentBody {
  const [first, ...others] = keys.bodies.filter((key) => step.has(key));
  for (const other of others) step.required(other).problem(`stands beside ${first}; a request has one body`);
  if (first === undefined) return { body: undefined, contentType: undefined };
  const field = step.required(first);
  switch (first) {
    case 'json':
      return {
        body: readJsonTemplate(field, names),
        contentType: literalHeader('content-type', 'application/json'),
      };
    case 'form':
      return {
        body: readPairs(field, names),
        contentType: literalHeader('content-type', 'application/x-www-form-urlencoded'),
      };
    case 'multipart':
      return readMultipart(field, boundaryOf(step.field), names, readFile);
    case 'body':
      return { body: readTemplate(field, names), contentType: undefined };
  }
}

function readMultipart(field: Field, boundary: string, names: Names, readFile: ReadSentFile): SentBody {
  const parts = field.record(
    (entry, name): MultipartPart =>
      typeof entry.value === 'object' && entry.value !== null
        ? readFilePart(entry, name, readFile)
        : { name, value: readScalarTemplate(entry, names) },
  );
  if (parts.size === 0 && typeof field.value === 'object') field.problem('must have at least one part');
  return {
    body: { boundary, parts: [...parts.values()] },
    contentType: literalHeader('content-type', `multipart/form-data; boundary=${boundary}`),
  };
}

function readFilePart(entry: Field, name: string, readFile: ReadSentFile): MultipartPart {
  const part = entry.object(keys.filePart);
  const file = part.required('file').string();
  const bytes = file === '' ? new Uint8Array() : readFile(file);
  if ('problem' in bytes) part.required('file').problem(bytes.problem);
  const contentType = part.optional('type')?.string() ?? 'application/octet-stream';
  if (!/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;[\x20-\x7e]*)?$/.test(contentType))
    part.optional('type')?.problem('must be a media type, as in image/jpeg');
  return {
    name,
    fileName: part.optional('name')?.string() ?? basename(file),
    contentType,
    bytes: 'problem' in bytes ? new Uint8Array() : bytes,
  };
}

/** The same in every run of the same step, and in no file by chance. */
function boundaryOf(step: Field): string {
  const hash = createHash('sha256').update(JSON.stringify(step.value)).digest('hex');
  return `loadline-${hash.slice(0, 32)}`;
}
