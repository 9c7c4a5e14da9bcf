import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { html, pageHeaders, pageText, sendPage } from '../../app/http/page.ts'
import { startListener } from '../support/listener.ts'
import { KeptConnection } from '../support/raw-http.ts'

test('every value is escaped, nested markup is kept, absent values leave nothing', () => {
  const hostile = `<b class="x" title='y'>&`

  const text = html`<p title="${hostile}">${html`<i>${hostile}</i>`}${[html`<u>1</u>`, html`<u>2</u>`]}${null}${undefined}${false}${0}</p>`

  const escaped = '&lt;b class=&quot;x&quot; title=&#39;y&#39;&gt;&amp;'
  assert.equal(text.toString(), `<p title="${escaped}"><i>${escaped}</i><u>1</u><u>2</u>0</p>`)
})

test('a page allows its own stylesheet by digest, and nothing else', () => {
  const page = pageText({ title: 'T', body: html`<h1>T</h1>` })

  const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? ''
  const digest = createHash('sha256').update(style).digest('base64')
  assert.equal(
    pageHeaders()['content-security-policy'],
    `default-src 'none'; style-src 'sha256-${digest}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`,
  )
  assert.doesNotMatch(page, /<script|<style>[\s\S]*<style>| style="/)
})

test('a page with a form keeps the referrer within its origin, and names where the form may lead', async () => {
  await using listener = await startListener([
    {
      method: 'GET',
      url: '/form',
      config: { referrerPolicy: 'same-origin' },
      handler: (_request, reply) =>
        sendPage(reply, {
          title: 'F',
          body: html`<h1>F</h1>`,
          formAction: ["'self'", 'https://idp.example'],
        }),
    },
  ])
  const kept = new KeptConnection(listener.port)

  const { status, headers } = await kept.ask('GET /form HTTP/1.1\r\nHost: g\r\n\r\n')

  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['referrer-policy'], 'same-origin')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.match(headers['content-security-policy'] ?? '', /; form-action 'self' https:\/\/idp\.example; /)
  kept.close()
})
