// The words and markup of the verification pages. No script: a form, its buttons, and facts to compare.
import { type Html, html } from '../http/page.ts'
import { ageInWords, waitInWords } from './duration.ts'
import { STOP_MARK } from './mark.html.ts'
import { displayUserCode } from './user-code.ts'

/** A page's title and content. */
export interface PageText {
  readonly title: string
  readonly body: Html
}

/** Why the entry form is shown again. */
export type EntryProblem = 'malformed' | 'unknown_code' | 'csrf_rejected'

const PROBLEMS: Readonly<Record<EntryProblem, string>> = {
  malformed: 'That is not a complete code. A code has eight letters and no digits.',
  unknown_code:
    'No sign-in is waiting for that code. It may have expired or been used. Compare it with your terminal, or start again there.',
  csrf_rejected: 'That form did not come from this page, so nothing was done. Enter the code here.',
}

/** Asks for the code. `action` is this page's own path; sending it shows the facts, nothing more. */
export function entryForm({ action, problem }: { action: string; problem: EntryProblem | null }): PageText {
  return {
    title: problem === null ? 'Enter your code' : 'Check your code',
    body: html`
      <h1>Enter the code from your terminal</h1>
      ${problem !== null && html`<p class="alert" role="alert" id="problem">${PROBLEMS[problem]}</p>`}
      <p>Claude Code shows it when you sign in.</p>
      <form method="get" action="${action}">
        <label for="user_code">Code</label>
        <input id="user_code" name="user_code" type="text" required maxlength="16" autocapitalize="characters"
          autocomplete="off" spellcheck="false" aria-describedby="hint${problem !== null && ' problem'}"
          ${problem !== null && html`aria-invalid="true"`}>
        <p class="hint" id="hint">Eight letters. Upper or lower case, with or without the dash.</p>
        <div class="actions"><button type="submit">Continue</button></div>
      </form>
      <p class="aside">Only enter a code that you see in your own terminal. If somebody sent it to you, close this page.</p>`,
  }
}

/** What is known about the sign-in that waits for a code. */
export interface ConfirmFacts {
  readonly askedAt: Date
  readonly askedFrom: string
  readonly client: string
  /** The browser's address, when it is worth a warning. */
  readonly otherAddress: string | null
}

export interface Confirm {
  readonly action: string
  readonly userCode: string
  /** `missing`: no sign-in waits for the code; `untold`: nobody looked. */
  readonly facts: ConfirmFacts | 'missing' | 'untold'
  readonly notice: string | null
  readonly now: number
}

/** Asks whether the person started the sign-in that this code belongs to. */
export function confirmPage({ action, userCode, facts, notice, now }: Confirm): PageText {
  const shown = displayUserCode(userCode)
  return {
    title: 'Confirm your sign-in',
    body: html`
      <h1>Is this your sign-in?</h1>
      ${facts === 'missing' && missing(action)}
      <p>Compare this code with the one in your terminal.</p>
      <p class="code" translate="no">${shown}</p>
      ${typeof facts === 'object' && factsList(facts, now)}
      ${notice !== null && html`<p class="notice">${notice}</p>`}
      ${typeof facts === 'object' && facts.otherAddress !== null && addressWarning(facts.otherAddress)}
      <p class="warning"><strong>Continue only if you started this sign-in yourself.</strong>
        If somebody sent you this link or this code, choose Stop.</p>
      <form method="post" action="${action}">
        <input type="hidden" name="user_code" value="${shown}">
        <div class="actions">
          <button type="submit">Continue</button>
          <button type="submit" class="quiet" formaction="${action}/deny">Stop</button>
        </div>
      </form>`,
  }
}

function missing(action: string): Html {
  return html`<p class="alert" role="alert">No sign-in is waiting for this code. It may have expired or been used.
    <a href="${action}">Enter another code</a>, or start again in your terminal.</p>`
}

function factsList({ askedAt, askedFrom, client }: ConfirmFacts, now: number): Html {
  return html`
    <dl class="facts">
      <div><dt>Asked for</dt><dd>${ageInWords(now - askedAt.getTime())}, ${timeElement(askedAt)}</dd></div>
      <div><dt>From</dt><dd translate="no">${askedFrom}</dd></div>
      <div><dt>By</dt><dd translate="no">${client === '' ? 'a client without a name' : client}</dd></div>
    </dl>`
}

/** A page without script cannot know the reader's time zone, so it names its own. */
function timeElement(at: Date): Html {
  const iso = at.toISOString()
  return html`<time datetime="${iso}">${iso.slice(11, 16)} UTC</time>`
}

function addressWarning(otherAddress: string): Html {
  return html`<p class="warning"><strong>Another network asked for this.</strong>
    Your browser comes from <span translate="no">${otherAddress}</span>. That is normal when Claude Code runs on
    a remote machine of yours; otherwise choose Stop.</p>`
}

/** The limit on tries is reached. */
export function tooManyTries({ retryAfterSeconds }: { retryAfterSeconds: number }): PageText {
  return {
    title: 'Too many tries',
    body: html`
      <h1>Too many tries from your network</h1>
      <p class="alert" role="alert">Nothing was done. Wait ${waitInWords(retryAfterSeconds)}, then start again in
        your terminal.</p>`,
  }
}

/** `sign_in.address_match: require` refused the browser. */
export function otherNetwork(): PageText {
  return {
    title: 'Not continued',
    body: html`
      <h1>This sign-in was not continued</h1>
      <p class="alert" role="alert">It was asked for from another network than this browser's, and your
        organisation allows only the same one.</p>
      <p>Open the link in a browser on the machine where Claude Code runs. If you did not start this sign-in,
        tell your administrator.</p>`,
  }
}

/** The person chose Stop. */
export function stopped(): PageText {
  return {
    title: 'Sign-in stopped',
    body: html`
      ${STOP_MARK}<h1>Sign-in stopped</h1>
      <p role="status">Nobody was signed in, and the code no longer works. You can close this page.</p>
      <p>If you did not start this sign-in, tell your administrator: somebody may have tried to use your account.</p>`,
  }
}
