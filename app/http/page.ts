import type { FastifyReply } from 'fastify'
import { STYLESHEET, STYLESHEET_HASH } from './stylesheet.ts'

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
<header>${WORDMARK}Gatehouse</header>
<main>
${body}
</main>
</body>
</html>
`.toString()
}

/** An arch with a gate; the word beside it says the same to whoever does not see it. */
const WORDMARK = html`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor"
stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M3 21V7l3 1.5V5l3 1.5V4h6v2.5L18 5v3.5L21 7v14z"/>
<path d="M9 21v-5a3 3 0 0 1 6 0v5"/></svg>`

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
