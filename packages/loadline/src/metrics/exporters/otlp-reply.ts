import type { PostReply } from './post.ts';

/** What an accepting receiver says it did not take after all. */
export interface PartialSuccess {
  readonly points: number;
  readonly why: string;
}

/**
 * Reads an ExportMetricsServiceResponse, whose only content is
 * `partial_success = 1 { rejected_data_points = 1 (int64), error_message = 2 (string) }`, in either encoding.
 * What is no such response rejects nothing: the status has said that it went well.
 */
export function readPartialSuccess({ contentType, body }: PostReply): PartialSuccess {
  try {
    return /json/.test(contentType) ? fromJson(body.toString()) : fromProtobuf(body);
  } catch {
    return nothing;
  }
}

const nothing: PartialSuccess = { points: 0, why: '' };

function fromJson(text: string): PartialSuccess {
  const { partialSuccess } = JSON.parse(text) as {
    partialSuccess?: { rejectedDataPoints?: string | number; errorMessage?: string };
  };
  return {
    points: wholeNumber(Number(partialSuccess?.rejectedDataPoints ?? 0)),
    why: String(partialSuccess?.errorMessage ?? ''),
  };
}

function fromProtobuf(body: Uint8Array): PartialSuccess {
  const partialSuccess = readFields(body).get(1);
  if (!(partialSuccess instanceof Uint8Array)) return nothing;
  const fields = readFields(partialSuccess);
  const why = fields.get(2);
  return {
    points: wholeNumber(Number(fields.get(1) ?? 0)),
    why: why instanceof Uint8Array ? Buffer.from(why).toString() : '',
  };
}

/** A message's fields of the two kinds that a response has, varints and delimited ones, by their number. */
function readFields(bytes: Uint8Array): Map<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('cut short');
      value += (byte & 127) * weight;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (tag % 8 === 0) {
      fields.set(number, varint());
    } else if (tag % 8 === 2) {
      const length = varint();
      if (length > bytes.length - at) throw new RangeError('cut short');
      fields.set(number, bytes.subarray(at, at + length));
      at += length;
    } else {
      throw new RangeError('no field of a response');
    }
  }
  return fields;
}

function wholeNumber(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}
