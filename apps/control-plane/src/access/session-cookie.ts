const sessionCookie = 'loadline_session';

/** The session's token in a `Cookie` header. */
export function readSessionCookie(header: string | undefined): string | undefined {
  const pairs = header?.split(';').map((pair) => pair.trim()) ?? [];
  const prefix = `${sessionCookie}=`;
  const value = pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length);
  return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined;
}

/** @param isSecure beyond loopback: the browser sends it over TLS alone. */
export function writeSessionCookie(token: string, lastsS: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${sessionCookie}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${lastsS}${secure}`;
}
