import { generateKeyPairSync, sign } from 'node:crypto';

/** What a TLS server in a test needs, and the authority that a client has to trust; all in PEM. */
interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  /** The certificate has signed itself, so it is its own authority. */
  readonly ca: string;
}

/**
 * A certificate for `localhost`, 127.0.0.1 and ::1, made anew in each process: nothing that looks like a secret
 * lies in the repository, and no test needs an `openssl` command or the twenty packages of a generator. It is
 * the least that TLS clients accept (RFC 5280): P-256, alternative names, valid from 2000 to 2049.
 */
const certificate: TestCertificate = createTestCertificate();
export const key: string = certificate.key;
export const cert: string = certificate.cert;
export const ca: string = certificate.ca;

function createTestCertificate(): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
  const commonName = sequence(identifier('550403'), der(0x0c, Buffer.from('a test of loadline')));
  const name = sequence(der(0x31, commonName));
  const validity = sequence(der(0x17, Buffer.from('000101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(alternativeNames())),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]));
  const cert = pem(sequence(body, ecdsaWithSha256, signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert, ca: cert };
}

function alternativeNames(): Buffer {
  const names = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.of(127, 0, 0, 1)),
    der(0x87, Buffer.of(...new Array<number>(15).fill(0), 1)),
  );
  return sequence(identifier('551d11'), der(0x04, names));
}

/** A value as ASN.1 writes it (X.690): tag, length, bytes. */
function der(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(...head), value]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.of(value));
}

function identifier(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{64}(?!$)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
