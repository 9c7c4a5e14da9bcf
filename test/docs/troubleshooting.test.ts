// docs/troubleshooting.md is keyed on what a person sees: the first column of its tables quotes the gateway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageAt, SOURCES } from '../support/manual.ts'

const manual = pageAt('docs/troubleshooting.md')

/** Source text as it is read on a screen: joined literals are one, line breaks in markup are spaces, quotes are plain. */
function asSeen(source: string): string {
  return source
    .replaceAll(/['"`]\s*\+\s*['"`]/g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\\(['"`$])/g, '$1')
}

const code = SOURCES.map(({ text }) => asSeen(text))
// The words of Claude Code, as far as the client of the tests imitates them.
const client = [asSeen(pageAt('test/support/claude-client.ts'))]

/** The quotations of each row's first column, with the section that the row stands in. */
function quotations(): { section: string; quote: string }[] {
  return manual.split(/^## /m).flatMap(section =>
    section
      .split('\n')
      .filter(line => line.startsWith('| `'))
      .flatMap(line =>
        [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, quote = '']) => ({
          section: section.split('\n', 1)[0] ?? '',
          quote,
        })),
      ),
  )
}

/** Reports whether the parts of a quotation, between its ellipses, stand near each other in one source. */
function isSaid(quote: string, sources: readonly string[]): boolean {
  const parts = quote
    .split('…')
    .map(part => part.trim())
    .filter(part => /[A-Za-z0-9]/.test(part))
  const pattern = new RegExp(parts.map(part => RegExp.escape(part)).join('.{0,160}?'))
  return sources.some(source => pattern.test(source))
}

/** A refusal on a page is a sentence: the page writes its first letter large and ends it. */
function withoutFullStop(quote: string): string {
  return `${quote.slice(0, 1).toLowerCase()}${quote.slice(1).replace(/\.$/, '')}`
}

test('every message that docs/troubleshooting.md explains is one that somebody can see', () => {
  const unsaid = quotations().filter(({ section, quote }) => {
    const sources = section === 'Sign-in, in the terminal' ? client : code
    return !isSaid(quote, sources) && !isSaid(withoutFullStop(quote), sources)
  })

  assert.deepEqual(unsaid, [])
})

test('docs/troubleshooting.md explains every page on which a sign-in can end badly', () => {
  const pages = pageAt('app/oauth/callback-page.html.ts')
  const headings = [...pages.matchAll(/heading: '([^']+)'/g)].map(([, heading = '']) => heading)

  assert.ok(headings.length > 8)
  assert.deepEqual(
    headings.filter(heading => !manual.includes(`\`${heading}\``)),
    [],
  )
})
