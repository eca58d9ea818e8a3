import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Field } from 'loadline/base';

/** A certificate, with those that vouch for it, and its private key; both as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Reads `--tls-cert` and `--tls-key`. What is wrong is told of the file in which it is, and nothing of the files is shown. */
export function readTlsFiles(root: Field): TlsFiles | undefined {
  const certificateField = root.at('tls-cert');
  const keyField = root.at('tls-key');
  if (certificateField.value === undefined && keyField.value === undefined) return undefined;
  for (const field of [certificateField, keyField])
    if (field.value === undefined) field.problem('is missing beside the other');
  const cert = readFile(certificateField);
  const key = readFile(keyField);
  const certificate = cert === undefined ? undefined : readCertificate(certificateField, cert);
  const privateKey = key === undefined ? undefined : readKey(keyField, key);
  const files = { cert: cert ?? '', key: key ?? '' };
  if (certificate === undefined || privateKey === undefined) return files;
  if (!certificate.checkPrivateKey(privateKey)) certificateField.problem('is of another key than --tls-key');
  else assertUsable(certificateField, files);
  return files;
}

function readFile(field: Field): string | undefined {
  if (typeof field.value !== 'string') return undefined;
  try {
    return readFileSync(field.value, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    field.problem(`cannot be read: ${code === 'ENOENT' ? `there is no file ${field.value}` : message}`);
    return undefined;
  }
}

function readCertificate(field: Field, pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    const found = pem.includes('PRIVATE KEY-----') ? '; a private key is in it, which is --tls-key' : '';
    field.problem(`holds no certificate as PEM${found}`);
    return undefined;
  }
}

function readKey(field: Field, pem: string): KeyObject | undefined {
  if (/ENCRYPTED/.test(pem)) {
    field.problem(
      'is encrypted, and nobody is there to be asked; `openssl pkey` writes it without a passphrase',
    );
    return undefined;
  }
  try {
    return createPrivateKey(pem);
  } catch {
    const found = pem.includes('CERTIFICATE-----') ? '; a certificate is in it, which is --tls-cert' : '';
    field.problem(`holds no private key as PEM${found}`);
    return undefined;
  }
}

/** Whatever else TLS has against them, in OpenSSL's words: a key that is too short, a chain that is broken. */
function assertUsable(field: Field, files: TlsFiles): void {
  try {
    createSecureContext(files);
  } catch (error) {
    field.problem(`cannot be used: ${(error as Error).message}`);
  }
}
