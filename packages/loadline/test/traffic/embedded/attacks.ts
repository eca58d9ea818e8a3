/** A request that two readers may understand differently, and that nobody may get to see. */
export interface Attack {
  readonly name: string;
  readonly text: string;
  /** Default 400. */
  readonly status?: number;
  /** Whether the head alone shows it; otherwise its body does. */
  readonly isInHead: boolean;
}

const get = 'GET / HTTP/1.1\r\nHost: x\r\n';
const post = 'POST / HTTP/1.1\r\nHost: x\r\n';
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;

const inHeads: readonly (readonly [name: string, text: string, status?: number])[] = [
  [
    'a Content-Length beside a Transfer-Encoding',
    `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'a Transfer-Encoding beside a Content-Length',
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  ],
  ['two lengths that differ', `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
  ['two lengths that agree', `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  ['a list of lengths', `${post}Content-Length: 5, 5\r\n\r\nhello`],
  ['a length with a sign', `${post}Content-Length: +5\r\n\r\nhello`],
  ['a length below zero', `${post}Content-Length: -5\r\n\r\nhello`],
  ['a length in hexadecimal', `${post}Content-Length: 0x5\r\n\r\nhello`],
  ['a length with a space in it', `${post}Content-Length: 5 5\r\n\r\nhello`],
  ['an empty length', `${post}Content-Length:\r\n\r\n`],
  ['a length beyond all bodies', `${post}Content-Length: 99999999999999999999\r\n\r\n`],
  [
    'a Transfer-Encoding with another coding before',
    `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'a Transfer-Encoding with another coding behind',
    `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  ],
  ['a Transfer-Encoding that is nearly chunked', `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['a Transfer-Encoding behind a vertical tab', `${post}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  ['a Transfer-Encoding in quotes', `${post}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`],
  [
    'a Transfer-Encoding twice',
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['an empty Transfer-Encoding', `${post}Transfer-Encoding:\r\n\r\n`],
  ['chunks in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a space before the colon', `${post}Content-Length : 5\r\n\r\nhello`],
  ['a tab before the colon', `${post}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`],
  ['a line that goes on in the next', `${get}A: b\r\n c\r\n\r\n`],
  ['a first line that goes on', 'GET / HTTP/1.1\r\n Host: x\r\n\r\n'],
  ['a line that goes on after a tab', `${post}Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n`],
  ['a bare LF behind the request line', 'GET / HTTP/1.1\nHost: x\r\n\r\n'],
  ['a bare LF behind a header line', `${get}A: b\nContent-Length: 5\r\n\r\n`],
  ['a bare LF at the end', `${get}A: b\r\n\nGET /b HTTP/1.1\r\n\r\n`],
  ['a bare CR in a value', `${get}A: b\rContent-Length: 5\r\n\r\n`],
  ['a bare CR as the end of a line', `${get}\rA: b\r\n\r\n`],
  ['a NUL in a value', `${get}A: b\0c\r\n\r\n`],
  ['a NUL in a name', `${get}A\0: b\r\n\r\n`],
  ['a DEL in a value', `${get}A: b\x7f\r\n\r\n`],
  ['a line without a name', `${get}: b\r\n\r\n`],
  ['a line without a colon', `${get}Transfer-Encoding chunked\r\n\r\n`],
  ['a name with a slash', `${get}Content/Length: 5\r\n\r\n`],
  ['a name beyond ASCII', `${get}Ho\xdft: y\r\n\r\n`],
  ['no Host', 'GET / HTTP/1.1\r\nA: b\r\n\r\n'],
  ['two Hosts', `${get}Host: y\r\n\r\n`],
  ['two Hosts that agree', `${get}Host: x\r\n\r\n`],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: x/y\r\n\r\n'],
  ['a Host with a user', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n'],
  ['a Host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  ['two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a space at the end of the request line', 'GET / HTTP/1.1 \r\nHost: x\r\n\r\n'],
  ['a space before the method', ' GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['no version', 'GET /\r\nHost: x.example.org\r\n\r\n'],
  ['a version in small letters', 'GET / http/1.1\r\nHost: x\r\n\r\n'],
  ['a version of HTTP/1.2', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n'],
  ['a version of HTTP/0.9', 'GET / HTTP/0.9\r\nHost: x\r\n\r\n'],
  ['a version of HTTP/2.0', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['a target without a slash', 'GET a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a target with a fragment', 'GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a target of another scheme', 'GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a whole address with a user', 'GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a whole address without a host', 'GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a star with GET', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a byte beyond ASCII in the target', 'GET /\xe4 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', 501],
  ['an expectation that nobody knows', `${post}Expect: 200-maybe\r\nContent-Length: 1\r\n\r\n1`, 417],
  [
    'an expectation that nobody knows before one that everybody does',
    `${post}Expect: 200-maybe\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n1`,
    417,
  ],
  [
    'an expectation that nobody knows behind one that everybody does',
    `${post}Expect: 100-continue\r\nExpect: 200-maybe\r\nContent-Length: 1\r\n\r\n1`,
    417,
  ],
  ['a method that is none', 'G(T / HTTP/1.1\r\nHost: x\r\n\r\n'],
];

const inBodies: readonly (readonly [name: string, text: string])[] = [
  ['a chunk without a size', `${chunked}\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size in another alphabet', `${chunked}5g\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size with a prefix', `${chunked}0x5\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size with a sign', `${chunked}+5\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size below zero', `${chunked}-1\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size behind a space', `${chunked} 5\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size before a space', `${chunked}5 \r\nhello\r\n0\r\n\r\n`],
  ['a chunk size beyond 53 bits', `${chunked}FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n`],
  ['a chunk size that ends in a bare LF', `${chunked}5\nhello\r\n0\r\n\r\n`],
  ['a chunk size that ends in a bare CR', `${chunked}5\rXhello\r\n0\r\n\r\n`],
  ['a bare LF in a chunk extension', `${chunked}5;a\nhello\r\n0\r\n\r\n`],
  ['a bare CR in a chunk extension', `${chunked}5;a\rb\r\nhello\r\n0\r\n\r\n`],
  ['a chunk that is longer than it says', `${chunked}5\r\nhello!\r\n0\r\n\r\n`],
  ['a chunk that ends in another byte and LF', `${chunked}5\r\nhello!\n0\r\n\r\n`],
  ['a chunk that ends in a bare LF', `${chunked}5\r\nhello\n0\r\n\r\n`],
  ['a chunk that ends in a bare CR', `${chunked}5\r\nhello\r0\r\n\r\n`],
  ['a trailer with a bare LF', `${chunked}0\r\nA: b\n\r\n`],
  ['a trailer that goes on', `${chunked}0\r\nA: b\r\n c\r\n\r\n`],
  ['a trailer with a space before the colon', `${chunked}0\r\nA : b\r\n\r\n`],
];

export const attacks: readonly Attack[] = [
  ...inHeads.map(([name, text, status = 400]) => ({ name, text, status, isInHead: true })),
  ...inBodies.map(([name, text]) => ({ name, text, isInHead: false })),
];

/** What looks odd, and has one meaning only. */
export const acceptedOddities: readonly { readonly name: string; readonly text: string }[] = [
  ['no space behind the colon', 'GET / HTTP/1.1\r\nHost:x\r\n\r\n'],
  ['spaces and tabs around a value', 'GET / HTTP/1.1\r\nHost: \t x \t\r\n\r\n'],
  ['an empty value', `${get}A:\r\n\r\n`],
  ['bytes beyond ASCII in a value', `${get}A: \xe4\r\n\r\n`],
  ['a method that nobody knows', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['names in any case', 'GET / HTTP/1.1\r\nhOsT: x\r\ncOnTeNt-LeNgTh: 0\r\n\r\n'],
  ['CHUNKED in capitals', `${post}Transfer-Encoding: CHUNKED\r\n\r\n`],
  ['an IPv6 host', 'GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n'],
  ['OPTIONS of everything', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['HTTP/1.0 without a host', 'GET / HTTP/1.0\r\n\r\n'],
].map(([name, text]) => ({ name, text }) as { name: string; text: string });
