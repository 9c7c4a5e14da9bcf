import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify from 'fastify'
import { landingInstructions, printedInstructions } from '../../app/development/instructions.ts'
import { PEOPLE } from '../../app/development/people.ts'
import { curlRecipe } from '../../app/development/recipe.ts'
import { landingPage } from '../../app/protocol/landing-page.ts'
import { openBrowser } from '../support/chromium.ts'
import { measure } from '../support/measured-page.ts'

const PUBLIC_URL = 'http://127.0.0.1:8080'
const INSTRUCTIONS = {
  publicUrl: PUBLIC_URL,
  people: PEOPLE,
  adminKeys: { write: 'the-write-key', read: 'the-read-key' },
  recipe: curlRecipe(PUBLIC_URL, PEOPLE[0], 'the-write-key'),
  isStandIn: true,
  takenPort: null,
}

async function startPage() {
  const server = fastify({ forceCloseConnections: true })
  server.route(landingPage({ publicUrl: PUBLIC_URL, sections: landingInstructions(INSTRUCTIONS) }))
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return { url, [Symbol.asyncDispose]: () => server.close() }
}

test('the landing page of development mode shows the people and the recipe that were printed', async () => {
  await using page = await startPage()
  await using browser = await openBrowser({ javaScriptEnabled: true })
  const tab = await browser.context.newPage()

  await tab.goto(page.url)

  const cells = await tab.locator('tbody td').allTextContents()
  assert.deepEqual(
    cells,
    PEOPLE.flatMap(({ email, password, role, groups }) => [email, password, role, groups.join(', ')]),
  )
  assert.equal(await tab.locator('pre').last().textContent(), INSTRUCTIONS.recipe)
  const printed = printedInstructions(INSTRUCTIONS)
  for (const text of [
    INSTRUCTIONS.recipe,
    'the-write-key',
    'the-read-key',
    ...PEOPLE.map(({ password }) => password),
  ]) {
    assert.ok(printed.includes(text))
  }
})

test('on a phone the script and the table scroll inside themselves, not the page', async () => {
  await using page = await startPage()
  await using browser = await openBrowser({ width: 320, height: 640, javaScriptEnabled: true })
  const tab = await browser.context.newPage()

  await tab.goto(page.url)

  const { sidewaysPixels, faintTexts } = await measure(tab)
  assert.deepEqual([sidewaysPixels, faintTexts], [0, []])
  const boxes = await Promise.all((await tab.locator('pre, .wide').all()).map(box => box.boundingBox()))
  assert.deepEqual(
    boxes.map(box => box !== null && box.x >= 0 && box.x + box.width <= 320),
    [true, true, true],
  )
})
