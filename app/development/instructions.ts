// What to do next in development mode, as it is printed and as the landing page shows it.
import { html } from '../http/page.ts'
import { type LandingSection, managedSettings } from '../protocol/landing-page.ts'
import type { AdminKeys } from './generated-config.ts'
import type { Person } from './people.ts'

export interface InstructionsOptions {
  readonly publicUrl: string
  readonly people: readonly Person[]
  readonly adminKeys: AdminKeys
  /** The script that signs in, streams an answer, and sets and lifts a cap. */
  readonly recipe: string
  /** Whether answers come from the stand-in model instead of the Anthropic API. */
  readonly isStandIn: boolean
  /** The port that was asked for and that somebody else has; null when we got it. */
  readonly takenPort: number | null
}

/** One block of text, for the terminal. */
export function printedInstructions(options: InstructionsOptions): string {
  const { publicUrl, recipe, takenPort } = options
  const port =
    takenPort === null ? '' : `Port ${takenPort} is taken by another program, so this is another one.\n`
  return `
People who can sign in:

${peopleAsText(options.people)}

Claude Code: place these managed settings (${publicUrl} says where), run claude and type /login.

${managedSettings(publicUrl)}

curl: the whole sign-in, a streamed answer, a cap and its end. Paste it as it is.

${recipe}

Limits of spend: keys of this start, which the next one replaces.

${limitCommands(options)}

${port}${modelSentence(options)}
Ctrl-C stops everything.
Gatehouse is ready: ${publicUrl}
`
}

/** The same for the landing page, which tells about Claude Code itself. */
export function landingInstructions(options: InstructionsOptions): LandingSection[] {
  const people = options.people.map(
    ({ email, password, role, groups }) => html`
<tr><td>${email}</td><td><code translate="no">${password}</code></td><td>${role}</td><td>${groups.join(', ')}</td></tr>`,
  )
  return [
    {
      heading: 'Development mode',
      body: html`<p>${modelSentence(options)} Keys for the Admin API are printed in the terminal.</p>`,
    },
    {
      heading: 'People who can sign in',
      body: html`<div class="wide" role="region" aria-label="People who can sign in" tabindex="0"><table>
<thead><tr><th scope="col">Address</th><th scope="col">Password</th><th scope="col">Who</th><th scope="col">Groups</th></tr></thead>
<tbody>${people}</tbody></table></div>`,
    },
    {
      heading: 'The whole sign-in with curl',
      body: html`<p>Paste it into a terminal as it is; it ends with a cap that is set and lifted again.</p>
<pre><code translate="no">${options.recipe}</code></pre>`,
    },
  ]
}

/** What makes `gatehouse limits` and `gatehouse usage` work in another terminal. */
function limitCommands({ publicUrl, adminKeys }: InstructionsOptions): string {
  return `export CLAUDE_GATEWAY_ALLOW_LOOPBACK=1 GATEHOUSE_URL=${publicUrl}
export GATEHOUSE_ADMIN_KEY=${adminKeys.write}
(may only read: ${adminKeys.read})`
}

function modelSentence({ isStandIn }: InstructionsOptions): string {
  return isStandIn
    ? 'Answers come from a stand-in model. Set ANTHROPIC_API_KEY and start again for those of Claude.'
    : 'Answers come from the Anthropic API, with the key of ANTHROPIC_API_KEY.'
}

function peopleAsText(people: readonly Person[]): string {
  const rows = [
    ['address', 'password', 'who', 'groups'],
    ...people.map(({ email, password, role, groups }) => [email, password, role, groups.join(', ')]),
  ]
  const widthOf = (column: number) => Math.max(...rows.map(row => row[column]?.length ?? 0))
  return rows
    .map(row => `  ${row.map((cell, column) => cell.padEnd(widthOf(column) + 2)).join('')}`.trimEnd())
    .join('\n')
}
