// The reference of the Admin API: its calls are the routes, and its examples are what the code writes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditDocument, limitDocument, limitSnapshot } from '../../app/admin/limit-document.ts'
import type { SpendLimit } from '../../app/store/spend-limits.ts'
import { codeBlocks, pageAt, SOURCES } from '../support/manual.ts'

const page = { path: 'docs/admin-api.md', text: pageAt('docs/admin-api.md') }
const examples = codeBlocks(page)
  .filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text))
/** As bytes, so that the order of members counts. */
const exampleOf = (type: string) => JSON.stringify(examples.find(example => example.type === type))

const at = new Date('2026-11-22T19:39:53.193Z')
const ID = 'spl_7c1d3f0e5a9b4c2d8e6f7a8b9c0d1e2f'
const limit: SpendLimit = {
  ...{ id: ID, scope: { type: 'rbac_group', id: 'research' }, period: 'monthly', amount: null },
  ...{ poolAmount: '500000', createdAt: at, updatedAt: at },
}

test('docs/admin-api.md lists every call, with the right that it needs, and no other', () => {
  const rows = [...page.text.matchAll(/^\| \[`([A-Z]+) (\/[^`]+)`\]\(#[^)]+\) \| (read|write) \|/gm)]
  const listed = rows.map(([, method, path, right]) => `${method} ${path} ${right}`)

  const routes = SOURCES.filter(({ path }) => path.startsWith('app/admin/')).flatMap(({ text }) =>
    [...text.matchAll(/method: '([A-Z]+)',\s+url: '([^']+)'/g)].map(([, method = '', url = '']) => {
      const right = method === 'GET' ? 'read' : 'write'
      return `${method} ${url.replace(/:(\w+)/g, '{$1}')} ${right}`
    }),
  )
  assert.deepEqual(listed.toSorted(), routes.toSorted())
})

test('the cap of the manual is one that the code writes', () => {
  assert.equal(exampleOf('spend_limit'), JSON.stringify(limitDocument(limit)))
})

test('the row of the trail in the manual is one that the code writes', () => {
  const after = limitSnapshot({
    ...{ ...limit, scope: { type: 'organization', id: '' }, amount: '50000', poolAmount: null },
  })
  const written = auditDocument({
    ...{ id: '14', at, actor: 'admin-key:terraform', action: 'spend_limit.upsert', target: ID },
    // The database gives members back in an order of its own.
    ...{
      before: null,
      after: Object.fromEntries(Object.entries(after).toReversed()),
      reason: 'budget of the year',
    },
  })

  assert.equal(exampleOf('audit_event'), JSON.stringify(written))
})
