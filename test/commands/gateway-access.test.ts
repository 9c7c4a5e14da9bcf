// Where a command finds the gateway and the key, and that the key shows up nowhere.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayAccess } from '../../app/commands/gateway-access.ts'
import type { FileRead } from '../../app/config/expand.ts'

const KEY = `marked-${'k'.repeat(32)}`
const URL_OF_GATEWAY = 'https://gateway.example.com'

function access(given: {
  url?: string | null
  keyFile?: string
  file?: FileRead
  variables?: { url?: string; adminKey?: string }
  allowLoopback?: boolean
}) {
  const { url = null, keyFile = null, file = { kind: 'failed', code: 'ENOENT' } } = given
  const { allowLoopback = false, variables = { url: URL_OF_GATEWAY, adminKey: KEY } } = given
  return gatewayAccess(
    { url, keyFile },
    {
      environment: { allowLoopback },
      variables: { url: undefined, adminKey: undefined, ...variables },
      readFile: () => file,
    },
  )
}

test('the command line wins over the environment', () => {
  const file: FileRead = { kind: 'read', bytes: Buffer.from(`other-${KEY}\n`) }

  assert.deepEqual(access({}), { origin: URL_OF_GATEWAY, key: KEY })
  assert.deepEqual(access({ url: 'https://other:8443/', keyFile: 'k', file }), {
    ...{ origin: 'https://other:8443', key: `other-${KEY}` },
  })
})

test('a key goes over http to this machine alone, and only where loopback is allowed', () => {
  const http = { message: '--url needs https: over http the admin key could be read on the way' }

  for (const url of ['http://gateway.example.com', 'http://10.0.0.1', 'http://169.254.169.254'])
    assert.throws(() => access({ url, allowLoopback: true }), http)
  assert.throws(() => access({ url: 'http://127.0.0.1:8080' }), {
    message: '--url is loopback: set CLAUDE_GATEWAY_ALLOW_LOOPBACK=1 to allow it',
  })
  const local = access({ url: 'http://127.0.0.1:8080', allowLoopback: true })
  assert.equal(local.origin, 'http://127.0.0.1:8080')
})

test('a URL with more than an origin is refused', () => {
  const wrong = ['gateway', 'ftp://g', 'https://g/v1', 'https://g?x=1', 'https://u:p@g', 'https://g#x']

  for (const url of wrong)
    assert.throws(() => access({ url }), {
      message: '--url needs an origin such as https://gateway.example.com',
    })
  assert.throws(() => access({ variables: { url: 'g', adminKey: KEY } }), {
    message: 'GATEHOUSE_URL needs an origin such as https://gateway.example.com',
  })
})

test('every key that a gateway may have is taken, with spaces inside as well', () => {
  const key = 'four words and a number, 0123456789'
  assert.equal(access({ variables: { url: URL_OF_GATEWAY, adminKey: key } }).key, key)
})

test('what is missing is named, and a key that is none is not shown', () => {
  assert.throws(() => access({ variables: { adminKey: KEY } }), /^CommandFault: which gateway\?/)
  assert.throws(() => access({ variables: { url: URL_OF_GATEWAY } }), /^CommandFault: which key\?/)
  assert.throws(() => access({ keyFile: 'k' }), { message: '--key-file cannot be read (ENOENT)' })
  const files = [
    '',
    `${KEY}\n${KEY}`,
    `${KEY} `,
    ` ${KEY}`,
    `${KEY}\t1`,
    `${KEY}${'x'.repeat(513)}`,
    `${KEY}\u00e9`,
    '\ud800',
  ].map(text => Buffer.from(text))
  for (const bytes of files) {
    assert.throws(() => access({ keyFile: 'k', file: { kind: 'read', bytes } }), {
      message:
        '--key-file holds no key: one line of 32 to 512 printable ASCII characters is needed, without spaces at its ends',
    })
  }
})
