import fc from 'fast-check';
import { type AddressKind, judgeAddress, kindOfAddress } from 'loadline/base';
import { describe, expect, it } from 'vitest';

const kinds: readonly (readonly [AddressKind, readonly string[]])[] = [
  [
    'loopback',
    ['127.0.0.1', '127.255.255.254', '::1', '[::1]', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1'],
  ],
  [
    'private',
    ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd12::1', '::ffff:10.1.2.3'],
  ],
  [
    'public',
    ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'],
  ],
  [
    'forbidden',
    [
      '169.254.169.254',
      '::ffff:169.254.169.254',
      '::ffff:a9fe:a9fe',
      '64:ff9b::a9fe:a9fe',
      '0:0:0:0:0:ffff:a9fe:a9fe',
      'fe80::1',
      'fe80::1%eth0',
      'fd00:ec2::254',
      '100.100.100.200',
      '0.0.0.0',
      '::',
      '224.0.0.1',
      'ff02::1',
      '255.255.255.255',
    ],
  ],
  ['invalid', ['', 'localhost', '127.1', '0x7f.0.0.1', '1.2.3', '::g', '1.2.3.4%x', '[', '2130706433']],
];

describe('kindOfAddress()', () => {
  it.each(kinds.flatMap(([kind, addresses]) => addresses.map((address) => [address, kind] as const)))(
    'takes %j for %s',
    (address, kind) => {
      expect(kindOfAddress(address)).toBe(kind);
    },
  );

  it('never throws, whatever the text is', () => {
    const pieces = fc.constantFrom(
      '::',
      ':',
      '.',
      '[',
      ']',
      '%',
      'ffff',
      '64:ff9b',
      '127',
      '0',
      'fe80',
      '1',
      '/',
      '@',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        kindOfAddress(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('judges an IPv4 address the same however IPv6 writes it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
        const tail = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const form of [
          `::ffff:${address}`,
          `::ffff:${tail}`,
          `64:ff9b::${tail}`,
          `0:0:0:0:0:FFFF:${tail}`,
        ]) {
          expect(`${form} ${kindOfAddress(form)}`).toBe(`${form} ${kindOfAddress(address)}`);
        }
      }),
    );
  });
});

describe('judgeAddress()', () => {
  it('allows only what the policy names', () => {
    const allowed = (address: string, policy: Parameters<typeof judgeAddress>[2]): boolean =>
      judgeAddress(address, address, policy).allowed;
    expect(allowed('127.0.0.1', {})).toBe(false);
    expect(allowed('127.0.0.1', { allowLoopback: true })).toBe(true);
    expect(allowed('10.0.0.1', { allowLoopback: true })).toBe(false);
    expect(allowed('10.0.0.1', { allowPrivate: true })).toBe(true);
    expect(allowed('8.8.8.8', { allowLoopback: true, allowPrivate: true })).toBe(false);
    expect(allowed('8.8.8.8', { allowHosts: ['8.8.8.8'] })).toBe(true);
  });

  it('knows an allowed host by its name, in whatever case', () => {
    expect(judgeAddress('8.8.8.8', 'api.example', { allowHosts: ['API.example'] }).allowed).toBe(true);
    expect(judgeAddress('8.8.8.8', 'evil.example', { allowHosts: ['api.example'] }).allowed).toBe(false);
    expect(judgeAddress('2606:4700::1', '[2606:4700::1]', { allowHosts: ['2606:4700::1'] }).allowed).toBe(
      true,
    );
  });

  it('never allows link-local and metadata addresses, whatever the policy says', () => {
    const everything = {
      allowLoopback: true,
      allowPrivate: true,
      allowHosts: [
        'metadata.example',
        '169.254.169.254',
        'fe80::1',
        '::ffff:169.254.169.254',
        '100.100.100.200',
      ],
    };
    for (const address of everything.allowHosts.slice(1)) {
      for (const host of ['metadata.example', address]) {
        expect(judgeAddress(address, host, everything)).toMatchObject({ allowed: false, kind: 'forbidden' });
      }
    }
  });
});
