// A developer's browser, by HTTP and without JavaScript, from the link in the terminal to the gateway's last page.
import type { SignInPrompt } from './claude-client.ts'
import { approveAtIdp, type Credentials } from './sign-in.ts'

export interface Page {
  readonly status: number
  readonly title: string
  readonly text: string
}

/** What came to this browser from the gateway, headers included. */
export type Seen = (answer: string) => void

/** Opens the link, presses Continue, signs in as `person` and comes back; the last page. */
export async function approveInBrowser(
  prompt: SignInPrompt,
  { person, seen }: { person?: Credentials | undefined; seen?: Seen | undefined } = {},
): Promise<Page> {
  const away = await pressContinue(prompt, seen)
  return comeBack(await approveAtIdp(away.location, person), { cookie: away.cookie, seen })
}

/** As far as the redirect to the identity provider. */
export async function pressContinue(
  { verification_uri_complete: link }: SignInPrompt,
  seen?: Seen,
): Promise<{ readonly location: string; readonly cookie: string; readonly page: Page }> {
  const { text } = await visit(link, {}, seen)
  const userCode = /name="user_code"[^>]*value="([^"]*)"/.exec(text)?.[1] ?? ''
  const { origin } = new URL(link)
  const body = new URLSearchParams({ user_code: userCode })
  const { response, ...page } = await visit(`${origin}/device`, { body, headers: { origin } }, seen)
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return { location: response.headers.get('location') ?? '', cookie, page }
}

/** Opens the callback in the browser that has `cookie`. */
export async function comeBack(
  callback: string,
  { cookie, seen }: { readonly cookie: string; readonly seen?: Seen | undefined },
): Promise<Page> {
  const { response, ...page } = await visit(callback, { headers: { cookie } }, seen)
  return page
}

interface Question {
  readonly body?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
}

async function visit(url: string, { body, headers }: Question, seen?: Seen) {
  const response = await fetch(url, {
    ...(body && { method: 'POST', body }),
    headers: { accept: 'text/html', ...headers },
    redirect: 'manual',
  })
  const text = await response.text()
  seen?.(`${[...response.headers].flat().join('\n')}\n${text}`)
  return { response, status: response.status, title: /<title>([^<]*)<\/title>/.exec(text)?.[1] ?? '', text }
}
