/** Replaces what looks like a credential: a scheme with a value, a JWT, a provider key, a URL's user and password. */
export function masked(text: string): string {
  return text.replace(CREDENTIAL, '[masked]')
}

// `Bearer abc.def`, `eyJhbGciOi.eyJzdWIi.c2ln`, `sk-ant-api03-abc`, `postgres://user:secret@host`.
const CREDENTIAL =
  /\b(?:bearer|basic)\s+[\w.~+/=-]+|\beyJ[\w-]+(?:\.[\w-]*)+|\bsk-[\w-]{8,}|(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/gi
