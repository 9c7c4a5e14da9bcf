import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify from 'fastify'
import { pageText } from '../../app/http/page.ts'
import {
  type CallbackProblem,
  idpErrorPage,
  problemPage,
  signedInPage,
} from '../../app/oauth/callback-page.html.ts'
import {
  confirmPage,
  entryForm,
  otherNetwork,
  type PageText,
  stopped,
  tooManyTries,
} from '../../app/oauth/device-page.html.ts'
import { landingPage } from '../../app/protocol/landing-page.ts'
import { openBrowser } from '../support/chromium.ts'
import { measure } from '../support/measured-page.ts'

const NOW = Date.UTC(2026, 0, 1)
const FACTS = {
  askedAt: new Date(NOW - 130_000),
  askedFrom: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
  client: 'x'.repeat(200),
  otherAddress: '2001:db8:1111:1111:1111:1111:1111:1111',
}
const REQUEST_ID = 'd7c0a3f2-6a55-4e0b-8f2d-1f1f1f1f1f1f'
const WIDEST = { action: '/device', userCode: 'WWWWMMMM', now: NOW }

const PROBLEMS: readonly CallbackProblem[] = [
  ...(['browser_mismatch', 'bad_state', 'replay', 'exchange'] as const),
  ...(['generic', 'admission', 'groups', 'form_post'] as const),
]

/** Every state of every page, each with the longest values it may get. */
const PAGES: readonly PageText[] = [
  entryForm({ action: '/device', problem: null }),
  entryForm({ action: '/device', problem: 'unknown_code' }),
  confirmPage({ ...WIDEST, facts: FACTS, notice: 'N'.repeat(500) }),
  confirmPage({ ...WIDEST, facts: 'missing', notice: null }),
  confirmPage({ ...WIDEST, facts: 'untold', notice: null }),
  tooManyTries({ retryAfterSeconds: 600 }),
  otherNetwork(),
  stopped(),
  signedInPage(`${'a'.repeat(64)}@${'b'.repeat(60)}.example`),
  idpErrorPage({ error: 'e'.repeat(200), description: 'd'.repeat(200) }, REQUEST_ID),
  ...PROBLEMS.map(problem => problemPage(problem, REQUEST_ID)),
]

async function landingText(): Promise<string> {
  const server = fastify()
  server.route(landingPage({ publicUrl: `https://${'gateway-'.repeat(7)}.example.com` }))
  return (await server.inject('/')).body
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page is readable in ${colorScheme}, at 320 pixels, with targets that can be hit`, async () => {
    await using browser = await openBrowser({ colorScheme, width: 320, height: 640 })
    const tab = await browser.context.newPage()
    const texts = [...PAGES.map(page => pageText(page)), await landingText()]

    for (const text of texts) {
      await tab.setContent(text)
      const title = await tab.title()
      assert.deepEqual(
        { title, ...(await measure(tab)) },
        {
          ...{ title, faintTexts: [], faintControls: [], smallTargets: [], sidewaysPixels: 0 },
          ...{ headings: 1, language: 'en', unlabelled: 0 },
        },
      )
    }
  })
}

test('every problem is announced: it stands in an alert, under a title of its own kind', () => {
  const silent = PROBLEMS.map(problem => problemPage(problem, REQUEST_ID)).filter(
    ({ body, title }) => !body.toString().includes('role="alert"') || title === '',
  )

  assert.deepEqual(silent, [])
})

test('the keyboard walks the confirm page from Continue to Stop, with a visible focus', async () => {
  await using browser = await openBrowser()
  const tab = await browser.context.newPage()
  await tab.setContent(pageText(confirmPage({ ...WIDEST, facts: FACTS, notice: null })))

  const focused = []
  for (let press = 0; press < 2; press += 1) {
    await tab.keyboard.press('Tab')
    focused.push(
      await tab.evaluate(
        "[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle + ' ' + getComputedStyle(document.activeElement).outlineWidth]",
      ),
    )
  }

  assert.deepEqual(focused, [
    ['Continue', 'solid 3px'],
    ['Stop', 'solid 3px'],
  ])
})
