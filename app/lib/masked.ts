/** Replaces what looks like a credential: a scheme with a value, a JWT, a provider key, a URL's user and password. */
export function masked(text: string): string {
  return text.replace(CREDENTIAL, '[masked]')
}

/** Replaces addresses of people and of service accounts. */
export function withoutEmails(text: string): string {
  return text.replace(EMAIL, '[masked]')
}

/** Replaces what names an account on AWS, or something in it: ARNs, the ids of keys and roles, account numbers. */
export function withoutAwsNames(text: string): string {
  return text.replace(AWS_NAME, '[masked]')
}

/** Reports whether `text` names an account on AWS, or something in it. */
export function hasAwsNames(text: string): boolean {
  return text.search(AWS_NAME) !== -1
}

// `arn:aws:iam::123456789012:role/gateway`, `AKIAIOSFODNN7EXAMPLE`, `123456789012`.
const AWS_NAME =
  /\barn:aws[\w-]*:[^\s"'<>,;)\\]*|\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b|(?<!\d)\d{12}(?!\d)/g

// `Bearer abc.def`, `eyJhbGciOi.eyJzdWIi.c2ln`, `sk-ant-api03-abc`, `ya29.a0Abc`, `bedrock-api-key-YmVk`, `ABSKQmVkcm9j`,
// `postgres://user:secret@host`.
const CREDENTIAL =
  /\b(?:bearer|basic)\s+[\w.~+/=-]+|\beyJ[\w-]+(?:\.[\w-]*)+|\bsk-[\w-]{8,}|\bya29\.[\w.-]+|\bbedrock-api-key-[\w+/=-]+|\bABSK[\w+/=]{16,}|(?<=:\/\/)[^\s/@:]*:[^\s/@]+(?=@)/gi

// `gateway@project.iam.gserviceaccount.com`; not `claude-haiku-4-5@20251001`, which is a model.
const EMAIL = /[\w.%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/gi
