// The browser's part of a sign-in, by HTTP: from the authorization URL to the callback's.

/** What somebody types at the identity provider. */
export interface Credentials {
  readonly login: string
  readonly password: string
}

const MAX_STEPS = 20

/**
 * Approves `authorizationUrl` as `person` and answers the callback URL, which is not opened.
 *
 * Keeps cookies and submits forms as a browser without JavaScript does. A provider that asks nothing needs no person.
 */
export async function approveAtIdp(authorizationUrl: string, person?: Credentials): Promise<string> {
  const redirectUri = new URL(authorizationUrl).searchParams.get('redirect_uri') ?? ''
  const cookies = new Map<string, string>()
  let next: { url: string; form?: URLSearchParams } = { url: authorizationUrl }
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const response = await visit(next, cookies)
    const location = response.headers.get('location')
    if (location !== null) {
      await response.body?.cancel()
      const url = new URL(location, next.url).href
      if (url.startsWith(redirectUri)) return url
      next = { url }
    } else {
      next = submission(await response.text(), { url: next.url, status: response.status }, person)
    }
  }
  throw new Error(`the identity provider never came back to ${redirectUri}`)
}

async function visit(
  { url, form }: { url: string; form?: URLSearchParams },
  cookies: Map<string, string>,
): Promise<Response> {
  const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(url, {
    ...(form && { method: 'POST', body: form }),
    headers: { accept: 'text/html', ...(cookie !== '' && { cookie }) },
    redirect: 'manual',
  })
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
  return response
}

function submission(
  page: string,
  { url, status }: { url: string; status: number },
  person: Credentials | undefined,
): { url: string; form: URLSearchParams } {
  const action = /<form[^>]*action="([^"]*)"/.exec(page)?.[1]
  if (action === undefined)
    throw new Error(`the identity provider answered ${status} without a form: ${page.slice(0, 500)}`)
  if (/role="alert"/.test(page)) throw new Error('the identity provider refused what was typed')
  const form = new URLSearchParams()
  for (const [input] of page.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1]
    if (name === undefined) continue
    form.set(name, typed(name, person) ?? /value="([^"]*)"/.exec(input)?.[1] ?? '')
  }
  return { url: new URL(action.replaceAll('&amp;', '&'), url).href, form }
}

function typed(name: string, person: Credentials | undefined): string | undefined {
  if (name === 'login') return person?.login
  return name === 'password' ? person?.password : undefined
}
