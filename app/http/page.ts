import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

/** Markup that is safe to send: made by `html` only, so that nothing reaches a page unescaped. */
export class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

type Value = string | number | Html | readonly Html[] | null | undefined | false

/** Template tag that escapes every value; nested markup passes, absent values leave nothing behind. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  let text = parts[0]! // a template has one more part than values
  for (const [i, value] of values.entries()) text += render(value) + parts[i + 1]!
  return new Html(text)
}

export interface Page {
  /** Named in the browser's tab; one per state of a page, so that a screen reader announces the change. */
  readonly title: string
  readonly body: Html
  /** Sources for the CSP's `form-action`. Default: `'none'`. */
  readonly formAction?: readonly string[]
  /** Default 200: the sign-in pages answer 200 for nearly everything. */
  readonly status?: number
}

/** Sends a whole page. It works without scripts, so none is allowed. */
export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  return reply
    .code(page.status ?? 200)
    .headers(pageHeaders(page.formAction))
    .send(pageText(page))
}

/** The headers of a page, for those that are not sent through `sendPage`. */
export function pageHeaders(formAction: readonly string[] = ["'none'"]): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'content-security-policy': [
      "default-src 'none'", // no script, image, font, frame or connection at all
      `style-src '${STYLESHEET_HASH}'`, // this one stylesheet, by its digest
      `form-action ${formAction.join(' ')}`, // Chrome holds the whole redirect chain against it
      "frame-ancestors 'none'", // nobody may lay a page of theirs over ours
      "base-uri 'none'",
    ].join('; '),
  }
}

/** The document around `body`. */
export function pageText({ title, body }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(STYLESHEET)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.toString()
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function render(value: Value): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(item => item.toString()).join('')
  return String(value).replace(/[&<>"']/g, character => ESCAPES[character]!) // the class lists the keys
}

// Contrast is at least 4.5:1 in both schemes; nothing is narrower than its text at 320 px or 400 % zoom.
const STYLESHEET = `
:root { color-scheme: light dark; --ink: #1c1b19; --soft: #5c5850; --ground: #f6f4ef; --card: #fff;
  --line: #8a857a; --accent: #9a3b14; --on-accent: #fff; --alert: #8c1d18; --alert-ground: #fdecea }
@media (prefers-color-scheme: dark) { :root { --ink: #f2efe8; --soft: #b9b3a6; --ground: #171614;
  --card: #23211e; --line: #8f897c; --accent: #f0a07a; --on-accent: #24130a; --alert: #ffb4ab;
  --alert-ground: #3b1512 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif }
main { width: 100%; max-width: 36rem; padding: clamp(1rem, 5vw, 2.25rem); background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25 }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem }
p, ul, ol, dl, pre, form, table { margin: 0 0 1rem }
a { color: var(--accent) }
label { display: block; margin-bottom: .375rem; font-weight: 600 }
input[type=text] { width: 100%; padding: .75rem; font: 600 1.375rem/1.2 ui-monospace, monospace;
  letter-spacing: .08em; color: inherit; background: var(--ground); border: 2px solid var(--line);
  border-radius: .5rem }
button { display: inline-block; margin: .5rem .5rem .5rem 0; padding: .75rem 1.5rem; min-height: 2.75rem;
  font: inherit; font-weight: 600; cursor: pointer; border-radius: .5rem; border: 2px solid var(--accent);
  background: var(--accent); color: var(--on-accent) }
button.quiet { background: transparent; color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
.code { font: 700 2rem/1.2 ui-monospace, monospace; letter-spacing: .1em }
.alert { padding: .75rem 1rem; color: var(--alert); background: var(--alert-ground);
  border: 1px solid var(--alert); border-radius: .5rem }
.soft, footer { color: var(--soft); font-size: .9375rem }
dt { font-weight: 600 }
dd { margin: 0 0 .5rem }
pre { padding: .75rem 1rem; white-space: pre-wrap; font: .875rem/1.5 ui-monospace, monospace;
  background: var(--ground); border: 1px solid var(--line); border-radius: .5rem }
code { font: .9em ui-monospace, monospace }
th, td { padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top }
`

const STYLESHEET_HASH = `sha256-${createHash('sha256').update(STYLESHEET).digest('base64')}`
