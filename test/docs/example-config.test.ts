// gateway.example.yaml is a file that works.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { SECTIONS } from '../../app/config/config.ts'
import { readDocument } from '../../app/config/document.ts'
import { Tree } from '../../app/config/tree.ts'
import { judge } from '../support/config-text.ts'

const example = readFileSync(new URL('../../gateway.example.yaml', import.meta.url), 'utf8')
const secret = 'example-0123456789-abcdefghijklmnop'
const variables = {
  OIDC_CLIENT_SECRET: secret,
  GATEWAY_JWT_SECRET: secret,
  DATABASE_URL: 'postgres://gatehouse@db.example.com/gatehouse?sslmode=verify-full',
  DATABASE_PASSWORD: secret,
  ANTHROPIC_API_KEY: secret,
  PROXY_TOKEN: secret,
  PROXY_KEY: secret,
  ADMIN_WRITE_KEY: `${secret}-write`,
  ADMIN_READ_KEY: `${secret}-read`,
  OTLP_TOKEN: secret,
}

test('the example is accepted as it stands, without a warning', () => {
  const result = judge(example, { variables })

  assert.equal(result.kind, 'loaded', JSON.stringify(result))
  assert.deepEqual(result.warnings, [])
})

test('the example shows every section once', () => {
  const { root } = readDocument(example)

  assert.ok(root)
  const hidden = new Set(['cri']) // known, but has no effect
  assert.deepEqual(
    new Set(new Tree(root).keys()),
    new Set(Object.keys(SECTIONS).filter(name => !hidden.has(name))),
  )
})

test('the example is at most 150 lines long', () => {
  assert.ok(example.split('\n').length <= 151)
})
