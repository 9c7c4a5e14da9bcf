/** The code of what broke a connection, such as `ECONNREFUSED`, however deep libraries wrapped it; else what stopped it. */
export function causeCode(error: unknown): string | undefined {
  for (let next = error, depth = 0; next instanceof Error && depth < 5; next = next.cause, depth += 1) {
    const code = 'code' in next ? next.code : undefined
    if (typeof code === 'string' && /^[A-Za-z_]{1,60}$/.test(code)) return code
    if (next.name === 'TimeoutError' || next.name === 'AbortError') return next.name
  }
  return undefined
}
