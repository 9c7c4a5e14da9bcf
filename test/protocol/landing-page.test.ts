import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fastify from 'fastify'
import { html } from '../../app/http/page.ts'
import { landingPage, managedSettings } from '../../app/protocol/landing-page.ts'
import { protocol } from '../../app/protocol/route.ts'

const FILE = join(import.meta.dirname, '../../app/protocol/protocol.md')

test('the landing page says how to sign in and what to place on a machine', async () => {
  const server = fastify()
  server.route(landingPage({ publicUrl: 'https://gateway.example' }))

  const page = await server.inject({ url: '/', headers: { host: 'evil.example' } })

  assert.equal(page.statusCode, 200)
  assert.match(page.body, /<title>Claude Code gateway<\/title>/)
  assert.match(page.body, /&quot;forceLoginMethod&quot;: &quot;gateway&quot;/)
  assert.match(page.body, /&quot;forceLoginGatewayUrl&quot;: &quot;https:\/\/gateway\.example&quot;/)
  assert.match(page.body, /<a href="\/protocol">/)
  assert.match(String(page.headers['content-security-policy']), /form-action 'none'; frame-ancestors 'none'/)
  assert.doesNotMatch(page.body, /evil|<script/)
})

test('the managed settings are JSON that names this gateway', () => {
  const settings = managedSettings('https://gateway.example')

  assert.deepEqual(JSON.parse(settings), {
    forceLoginMethod: 'gateway',
    forceLoginGatewayUrl: 'https://gateway.example',
    parentSettingsBehavior: 'merge',
  })
})

test('development mode adds sections of its own to the landing page', async () => {
  const server = fastify()
  const sections = [{ heading: 'People <here>', body: html`<p>Ada, password “administrator”</p>` }]
  server.route(landingPage({ publicUrl: 'http://localhost:8080', sections }))

  const page = await server.inject('/')

  assert.match(page.body, /<h2>People &lt;here&gt;<\/h2><p>Ada, password “administrator”<\/p>/)
})

test('the wire contract is served as Markdown, word for word', async () => {
  const server = fastify()
  server.route(protocol({ file: FILE }))

  const answer = await server.inject('/protocol')

  assert.deepEqual(
    [answer.statusCode, answer.headers['content-type'], answer.body],
    [200, 'text/markdown; charset=utf-8', readFileSync(FILE, 'utf8')],
  )
})

test('the JSON examples of the wire contract are JSON', () => {
  const examples = [...readFileSync(FILE, 'utf8').matchAll(/```json\n([\s\S]*?)```/g)].map(
    match => match[1] ?? '',
  )

  for (const example of examples) assert.doesNotThrow(() => JSON.parse(example))
  assert.ok(examples.length >= 3)
})
