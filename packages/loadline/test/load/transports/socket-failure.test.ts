import { describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/load/transports/socket-failure.ts';

describe('messageOf()', () => {
  it.each([
    [
      'C0A7F2E1907F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/ssl/record.c:354:\n',
      'wrong version number',
    ],
    [
      'write EPROTO 80C2:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../deps/x.c:1605:SSL alert number 40\n',
      'sslv3 alert handshake failure',
    ],
    ['certificate has expired', 'certificate has expired'],
    ['error: x', 'error: x'],
  ])('keeps of %j what tells something', (message, shown) => {
    expect(messageOf(new Error(message))).toBe(shown);
  });
});
