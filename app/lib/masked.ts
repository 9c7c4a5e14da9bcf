/** Replaces what looks like a credential: a scheme with a value, a JWT, a provider key, a URL's user and password. */
export function masked(text: string): string {
  return text.replace(CREDENTIAL, '[masked]')
}

/** Replaces addresses of people and of service accounts. */
export function withoutEmails(text: string): string {
  return text.replace(EMAIL, '[masked]')
}

// `Bearer abc.def`, `eyJhbGciOi.eyJzdWIi.c2ln`, `sk-ant-api03-abc`, `ya29.a0Abc`, `postgres://user:secret@host`.
const CREDENTIAL =
  /\b(?:bearer|basic)\s+[\w.~+/=-]+|\beyJ[\w-]+(?:\.[\w-]*)+|\bsk-[\w-]{8,}|\bya29\.[\w.-]+|(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/gi

// `gateway@project.iam.gserviceaccount.com`; not `claude-haiku-4-5@20251001`, which is a model.
const EMAIL = /[\w.%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/gi
