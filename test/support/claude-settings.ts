// How Claude Code treats its managed settings, as it was observed: at start, after approval, and at the hourly poll.

/** A document that the client holds. */
export interface Held {
  readonly settings: Readonly<Record<string, unknown>>
  readonly etag: string
}

export type Start =
  | { readonly kind: 'started'; readonly held: Held | null }
  | { readonly kind: 'exited'; readonly message: string }
  | { readonly kind: 'asks_for_login' }

interface Wrapper {
  readonly uuid: string
  readonly checksum: string
  readonly settings: Held['settings']
}

const AGENT = 'claude-code/2.1.330'
const EXIT = "Couldn't load settings from Cloud gateway"

function ask(url: string, bearer: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${url}/managed/settings`, {
    headers: {
      authorization: `Bearer ${bearer}`,
      'user-agent': AGENT,
      'cache-control': 'no-cache',
      pragma: 'no-cache',
      ...headers,
    },
  })
}

/** The start of a session: the document, then, as it was just approved, the question whether it is still the same. */
export async function startSession(url: string, bearer: string): Promise<Start> {
  const answer = await ask(url, bearer)
  if (answer.status === 404) return { kind: 'started', held: null }
  if (answer.status === 401) return { kind: 'asks_for_login' }
  if (answer.status !== 200) return { kind: 'exited', message: `${EXIT} (HTTP ${answer.status})` }
  const body = (await answer.json()) as Partial<Wrapper> // checked member by member below
  if (typeof body.checksum !== 'string' || body.uuid !== body.checksum || body.settings === undefined)
    return { kind: 'exited', message: `${EXIT} (no document)` }
  const held: Held = { settings: body.settings, etag: answer.headers.get('etag') ?? '' }
  const again = await ask(url, bearer, { 'if-none-match': held.etag })
  if (again.status !== 304 || /no-store/.test(again.headers.get('cache-control') ?? ''))
    return { kind: 'exited', message: `${EXIT} (HTTP ${again.status})` }
  return { kind: 'started', held }
}

/** The hourly poll: what the session holds afterwards. Failures change nothing. */
export async function pollSettings(
  url: string,
  { bearer, held }: { bearer: string; held: Held | null },
): Promise<{ held: Held | null; status: number }> {
  const headers = held === null ? {} : { 'if-none-match': held.etag }
  const answer = await ask(url, bearer, headers)
  const { status } = answer
  if (status === 404) return { held: null, status }
  if (status !== 200) return { held, status }
  const { settings } = (await answer.json()) as Wrapper // what the start has checked
  return { held: { settings, etag: answer.headers.get('etag') ?? '' }, status }
}
