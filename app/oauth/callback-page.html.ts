// The words of the pages after the identity provider: what happened, what to do next, and the request id.
import { type Html, html } from '../http/page.ts'
import type { PageText } from './device-page.html.ts'
import { CHECK_MARK } from './mark.html.ts'

/** Everything that can end a callback other than success. */
export type CallbackProblem =
  | 'browser_mismatch'
  | 'bad_state'
  | 'replay'
  | 'exchange'
  | 'generic'
  | 'admission'
  | 'groups'
  | 'form_post'

interface Words {
  readonly title: string
  readonly heading: string
  readonly happened: string
  readonly next: string
}

const START_AGAIN = 'Start again in your terminal.'

const WORDS: Readonly<Record<CallbackProblem, Words>> = {
  browser_mismatch: {
    title: 'Another browser',
    heading: 'This sign-in began in another browser',
    happened: 'Nobody was signed in. The link works only in the browser where the sign-in began.',
    next: 'Open the link from your terminal again. If you never started a sign-in, close this page.',
  },
  bad_state: {
    title: 'Link expired',
    heading: 'This link has expired',
    happened: 'The sign-in took too long, or its link is incomplete. Nobody was signed in.',
    next: START_AGAIN,
  },
  replay: {
    title: 'Already used',
    heading: 'This link was already used',
    happened: 'A sign-in link works once.',
    next: 'If your terminal says that you are signed in, all is well. If not, start again there.',
  },
  exchange: {
    title: 'Not completed',
    heading: 'Your identity provider did not complete the sign-in',
    happened: 'It did not answer as it should, so nobody was signed in.',
    next: 'Wait a minute and start again in your terminal. If it happens again, tell your administrator.',
  },
  generic: {
    title: 'Not signed in',
    heading: 'You could not be signed in',
    happened: "Your identity provider's answer could not be accepted.",
    next: 'Start again in your terminal. If it happens again, tell your administrator.',
  },
  admission: {
    title: 'Not signed in',
    heading: 'This account cannot sign in here',
    happened: 'Your identity provider knows you, but this gateway does not admit the account you used.',
    next: 'If you have several accounts, start again with your work account. Otherwise ask your administrator.',
  },
  groups: {
    title: 'Not signed in',
    heading: 'Your groups could not be read',
    happened: 'This gateway decides by group who may sign in, and could not learn yours.',
    next: 'Wait a minute and start again in your terminal. If it happens again, tell your administrator.',
  },
  form_post: {
    title: 'Wrong answer form',
    heading: 'Your identity provider answered in the wrong form',
    happened: 'It posted its answer, which this gateway does not read. Nobody was signed in.',
    next: 'Your administrator can cure this: the identity provider must use response_mode=query for this application.',
  },
}

/** A page about a callback that signed nobody in. */
export function problemPage(problem: CallbackProblem, requestId: string): PageText {
  return page(WORDS[problem], { requestId, detail: null })
}

/** The IdP's own refusal, in its own words; the caller made them printable and short. */
export function idpErrorPage(
  { error, description }: { error: string; description: string },
  requestId: string,
): PageText {
  return page(
    {
      title: 'Not completed',
      heading: 'Your identity provider did not sign you in',
      happened: 'It said:',
      next: 'You can open the link from your terminal and try again while the code is valid.',
    },
    {
      requestId,
      detail: html`<p class="quote"><code>${error}</code>${description !== '' && html`<br>${description}`}</p>`,
    },
  )
}

/** CB-1. The account is named, so that a sign-in with the wrong one is noticed. */
export function signedInPage(account: string): PageText {
  return {
    title: 'You are signed in',
    body: html`
      ${CHECK_MARK}<h1>You are signed in</h1>
      <p role="status">Signed in as <strong class="account" translate="no">${account}</strong>.</p>
      <p>Go back to your terminal: it goes on by itself. You can close this page.</p>
      <p class="aside">Not your account? Type <code>/logout</code> in Claude Code, then sign in again.</p>`,
  }
}

function page(words: Words, { requestId, detail }: { requestId: string; detail: Html | null }): PageText {
  return {
    title: words.title,
    body: html`
      <h1>${words.heading}</h1>
      <div class="alert" role="alert"><p>${words.happened}</p>${detail}</div>
      <p>${words.next}</p>
      <p class="reference">Request id: <code translate="no">${requestId}</code></p>`,
  }
}
