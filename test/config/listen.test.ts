import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificate } from '../support/certificate.ts'
import {
  assertProblem,
  encrypted,
  fileWith,
  type JudgeOptions,
  judge,
  problemsOf,
  warningsOf,
} from '../support/config-text.ts'

const day = 86_400_000
const now = Date.now()
const good = createCertificate({ notAfter: new Date(now + 100 * day) })
const TLS = 'listen: { host: 127.0.0.1, tls: { cert: /tls.crt, key: /tls.key } } # here'

function listenOf(lines: string, options?: JudgeOptions) {
  const result = judge(fileWith({ listen: lines }), options)
  assert.ok(result.kind === 'loaded', JSON.stringify(result))
  return result.config.listen
}

test('public_url is required unless the listener is bound to loopback', () => {
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'gateway.internal']) {
    assertProblem(fileWith({ listen: `listen: { host: "${host}" } # here` }), 'listen.public_url', [
      'never taken from request headers',
      'public_url: https://claude.example.com',
    ])
  }
})

test('a bind that is left out is every address, so public_url is required', () => {
  assertProblem(fileWith({ listen: 'listen: { port: 80 } # here' }), 'listen.public_url', ['missing'])
})

test('on loopback public_url is the bound address', () => {
  assert.equal(listenOf('listen: { host: localhost }').public_url, 'http://localhost:8080')
  assert.equal(listenOf('listen: { host: 127.0.0.9, port: 90 }').public_url, 'http://127.0.0.9:90')
  assert.equal(listenOf('listen: { host: "::1", port: 0 }').public_url, 'http://[::1]:0')
})

test('public_url drops one trailing slash and keeps a path', () => {
  assert.equal(
    listenOf('listen: { public_url: "https://a.example.com/" }').public_url,
    'https://a.example.com',
  )
  assert.equal(
    listenOf('listen: { public_url: "https://a.example.com/x//" }').public_url,
    'https://a.example.com/x/',
  )
})

test('public_url with a query, a fragment, user info or another scheme is refused', () => {
  const rows = [
    ['https://a.example.com/?x=1', 'without a query'],
    ['https://a.example.com/#x', 'without a fragment'],
    ['https://u@a.example.com', 'without user info'],
    ['ftp://a.example.com', 'http or https'],
    ['a.example.com', 'http or https'],
    ['https://', 'http or https'],
  ]
  for (const [url = '', words = ''] of rows) {
    assertProblem(fileWith({ listen: `listen: { public_url: "${url}" } # here` }), 'listen.public_url', [
      words,
    ])
  }
})

test('a port is a number or a string of digits', () => {
  assert.equal(listenOf('listen: { host: localhost, port: "18088" }').port, 18_088)
  assert.equal(listenOf('listen: { host: localhost, port: "${P}" }', { variables: { P: '81' } }).port, 81)
})

test('a port that is none is refused', () => {
  for (const port of ['65536', '-1', '1.5', '"8080 "', '0x50x', 'true']) {
    assertProblem(fileWith({ listen: `listen: { host: localhost, port: ${port} } # here` }), 'listen.port', [
      'from 0 to 65535',
    ])
  }
})

test('PORT is the default of listen.port, and a malformed one is a problem', () => {
  assert.equal(listenOf('listen: { host: localhost }', { variables: { PORT: '9000' } }).port, 9000)
  assert.equal(listenOf('listen: { host: localhost, port: 1 }', { variables: { PORT: 'x' } }).port, 1)
  assertProblem(fileWith({ listen: 'listen: { host: localhost } # here' }), 'listen.port', ['PORT'], {
    variables: { PORT: 'x' },
  })
})

test('trusted proxies are addresses and ranges', () => {
  assert.deepEqual(
    listenOf('listen: { host: localhost, trusted_proxies: [10.0.0.1, 10.1.2.3/8, "fc00::/7"] }')
      .trusted_proxies,
    ['10.0.0.1', '10.1.2.3/8', 'fc00::/7'],
  )
  assertProblem(
    fileWith({ listen: 'listen: { host: localhost, trusted_proxies: [proxy] } # here' }),
    'listen.trusted_proxies[0]',
    ['an IP address or a CIDR range'],
  )
})

test('a certificate needs its key', () => {
  assertProblem(
    fileWith({ listen: 'listen: { host: localhost, tls: { cert: /tls.crt } } # here' }),
    'listen.tls.key',
    ['missing'],
    {
      files: { '/tls.crt': good.certificate_pem },
    },
  )
})

test('TLS files that fit are accepted, a chain included', () => {
  const files = {
    '/tls.crt': good.certificate_pem + createCertificate().certificate_pem,
    '/tls.key': good.private_key_pem,
  }

  assert.equal(listenOf(TLS, { files }).public_url, 'https://127.0.0.1:8080')
})

test('a TLS file that cannot be read is named with the system’s code', () => {
  assertProblem(fileWith({ listen: TLS }), 'listen.tls.cert', ['"/tls.crt" cannot be read (ENOENT)'], {
    files: { '/tls.key': good.private_key_pem },
  })
})

test('a key that does not match the leaf is refused', () => {
  assertProblem(fileWith({ listen: TLS }), 'listen.tls.key', ['does not match'], {
    files: { '/tls.crt': good.certificate_pem, '/tls.key': createCertificate().private_key_pem },
  })
})

test('an encrypted key is refused as such', () => {
  const key = encrypted(good.private_key_pem)

  assertProblem(fileWith({ listen: TLS }), 'listen.tls.key', ['encrypted'], {
    files: { '/tls.crt': good.certificate_pem, '/tls.key': key },
  })
})

test('text that is no PEM is refused in both files', () => {
  const problems = problemsOf(fileWith({ listen: TLS }), { files: { '/tls.crt': 'x', '/tls.key': 'y' } })

  assert.deepEqual(
    problems.map(({ path, text }) => [path, text]),
    [
      ['listen.tls.cert', 'holds no readable PEM certificate.'],
      ['listen.tls.key', 'holds no readable PEM private key.'],
    ],
  )
})

test('a certificate that is expired, not valid yet or near its end is a warning', () => {
  const rows: [Date, Date, RegExp][] = [
    [new Date(now - 9 * day), new Date(now - day), /expired on/],
    [new Date(now + day), new Date(now + 90 * day), /not valid before/],
    [new Date(now - day), new Date(now + 29 * day), /less than 30 days/],
  ]
  for (const [notBefore, notAfter, expected] of rows) {
    const made = createCertificate({ notBefore, notAfter })
    const files = { '/tls.crt': made.certificate_pem, '/tls.key': made.private_key_pem }

    const warnings = warningsOf(fileWith({ listen: TLS }), { files, now }).filter(line =>
      line.startsWith('listen.tls.cert'),
    )

    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', expected)
  }
})
