/** `text` with everything that looks like a credential replaced: schemes with a value, JWTs, provider keys. */
export function masked(text: string): string {
  return text.replace(CREDENTIAL, '[masked]')
}

// `Bearer abc.def`, `eyJhbGciOi.eyJzdWIi.c2ln`, `sk-ant-api03-abc`, `postgres://user:secret@host`.
const CREDENTIAL =
  /\b(?:bearer|basic)\s+[\w.~+/=-]+|\beyJ[\w-]+(?:\.[\w-]*)+|\bsk-[\w-]{8,}|(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/gi
