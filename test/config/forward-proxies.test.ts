// The variables that name forward proxies: which proxy stands before what, what stops the boot, and what is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment } from '../../app/config/environment.ts'
import { proxyFor, proxyLine } from '../../app/config/forward-proxies.ts'
import { fileWith, judge, SECTIONS, warningsOf } from '../support/config-text.ts'

const PROXY = 'http://proxy.example.com:3128'

const problemsWith = (variables: Record<string, string>) => {
  const result = judge(fileWith(), { variables })
  return result.kind === 'refused' ? result.problems.map(({ text, line }) => [line, text]) : []
}

test('https targets go through HTTPS_PROXY, http targets through HTTP_PROXY; lower case wins, ALL_PROXY is not read', () => {
  const { proxies } = readEnvironment({
    ...{ HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:2', HTTP_PROXY: 'http://plain' },
    ...{ https_PROXY: 'http://odd:4', ALL_PROXY: 'http://all:3' },
  })

  assert.deepEqual(proxies, {
    https: { host: 'lower', port: 2, authorization: null },
    http: { host: 'plain', port: 80, authorization: null },
    ...{ exceptions: [], isBoundary: false },
  })
  assert.equal(proxyFor(proxies, { protocol: 'https:', host: 'a', port: 443 })?.host, 'lower')
  assert.equal(proxyFor(proxies, { protocol: 'http:', host: 'a', port: 80 })?.host, 'plain')
  assert.equal(readEnvironment({ ALL_PROXY: PROXY }).proxies.https, null)
})

test('an empty lower-case variable leaves the upper-case one', () => {
  const { proxies } = readEnvironment({ https_proxy: '', HTTPS_PROXY: PROXY, no_proxy: '', NO_PROXY: '*' })

  assert.equal(proxies.https?.port, 3128)
  assert.equal(proxies.exceptions.length, 1)
})

test('credentials are decoded; the proxy itself may be loopback or private, and IPv6', () => {
  const { proxies } = readEnvironment({
    HTTPS_PROXY: 'http://u%40x:p%3Aw@[::1]:3128/',
    HTTP_PROXY: 'http://10.0.0.1',
  })

  assert.deepEqual(proxies.https, {
    ...{ host: '[::1]', port: 3128 },
    authorization: `Basic ${Buffer.from('u@x:p:w').toString('base64')}`,
  })
  assert.deepEqual(problemsWith({ HTTPS_PROXY: 'http://[::1]:3128', HTTP_PROXY: 'http://10.0.0.1' }), [])
})

test('what is no http proxy stops the boot, without its value', () => {
  const values = ['proxy.example.com:3128', 'https://marked-host', 'socks5://marked-host:1', 'http://']
  const odd = [
    'http://marked-host/path',
    'http://marked-host?x',
    'http://u:%zz@marked-host',
    'http://h:99999',
  ]
  for (const value of [...values, ...odd]) {
    assert.deepEqual(
      problemsWith({ HTTPS_PROXY: value }),
      [
        [
          0,
          'HTTPS_PROXY is no proxy: write http://host:port, with user:password@ before the host if it asks for them.',
        ],
      ],
      value,
    )
  }
})

test('a proxy at a metadata or link-local address stops the boot', () => {
  assert.deepEqual(
    problemsWith({ HTTP_PROXY: 'http://169.254.169.254', HTTPS_PROXY: 'http://0xa9fe0001:1' }),
    [
      [0, 'HTTPS_PROXY names a link-local address.'],
      [0, 'HTTP_PROXY names a metadata address.'],
    ],
  )
})

const TABLE: readonly (readonly [list: string, past: readonly string[], through: readonly string[]])[] = [
  ['a.example.com', ['a.example.com', 'A.EXAMPLE.COM', 'a.example.com.'], ['example.com', 'b.a.example.com']],
  [
    '.example.com',
    ['a.example.com', 'b.a.example.com'],
    ['example.com', 'badexample.com', 'example.com.evil.org'],
  ],
  [' a.org , ,B.ORG:8443 ', ['a.org', 'a.org:9', 'b.org:8443'], ['b.org', 'b.org:443']],
  ['a.org:443', ['a.org'], ['a.org:8443']],
  ['.a.org:9', ['x.a.org:9'], ['x.a.org', 'a.org:9']],
  ['*', ['a.org', '10.0.0.1', '[::1]'], []],
  ['10.0.0.1', ['10.0.0.1'], ['10.0.0.10', '10.0.0.2']],
  ['10.0.0.0/8, *.a.org, a*', [], ['10.0.0.1', 'x.a.org', 'a.org']],
  ['[2001:db8::1], fd00:0::2', ['[2001:db8::1]', '[fd00::2]', '[fd00::2]:9'], ['[2001:db8::2]']],
  ['[2001:db8::1]:9', ['[2001:db8::1]:9'], ['[2001:db8::1]']],
]

for (const [list, past, through] of TABLE) {
  test(`NO_PROXY="${list}" leads past the proxy to what it names, and to nothing else`, () => {
    const { proxies } = readEnvironment({ HTTPS_PROXY: PROXY, NO_PROXY: list })
    const isPast = (authority: string) => {
      const { protocol, hostname: host, port } = new URL(`https://${authority}`)
      return proxyFor(proxies, { protocol, host, port: Number(port || 443) }) === null
    }

    assert.deepEqual([past.filter(host => !isPast(host)), through.filter(isPast)], [[], []])
  })
}

test('entries of NO_PROXY that match nothing are a warning', () => {
  const { warnings } = readEnvironment({ HTTPS_PROXY: PROXY, NO_PROXY: 'a.org,10.0.0.0/8,*.b.org' })

  assert.deepEqual(warnings, [
    '2 of the entries of NO_PROXY match nothing: it takes hosts, domains with a leading dot, and *, no ranges.',
  ])
})

test('the proxy is the egress boundary only where nothing leads past it; what stands in the way is named', () => {
  const declared = { CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY: '1' }
  const not = 'CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY is set but not active: '
  const rows: readonly (readonly [Record<string, string>, boolean, readonly string[]])[] = [
    [{ HTTPS_PROXY: PROXY }, true, []],
    [{ http_proxy: PROXY, no_proxy: '', NO_PROXY: '' }, true, []],
    [{}, false, [`${not}neither HTTPS_PROXY nor HTTP_PROXY is set.`]],
    [{ HTTPS_PROXY: PROXY, no_proxy: 'a' }, false, [`${not}NO_PROXY is set.`]],
    [{ HTTPS_PROXY: PROXY, NO_PROXY: ',' }, false, [`${not}NO_PROXY is set.`]],
    [
      { HTTPS_PROXY: PROXY, CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' },
      false,
      [`${not}CLAUDE_GATEWAY_ALLOW_LOOPBACK is 1.`],
    ],
  ]
  for (const [variables, isBoundary, warnings] of rows) {
    const read = readEnvironment({ ...declared, ...variables })
    assert.deepEqual([read.proxies.isBoundary, read.warnings], [isBoundary, warnings])
  }
  assert.equal(readEnvironment({ HTTPS_PROXY: PROXY }).proxies.isBoundary, false)
})

test('the line at boot names proxies without credentials, and whose duty private targets are', () => {
  const line = (variables: Record<string, string>) => proxyLine(readEnvironment(variables).proxies)
  const variables = { HTTPS_PROXY: 'http://marked-user:marked-pw@p:1' }

  assert.equal(line({}), null)
  assert.equal(
    line({ ...variables, NO_PROXY: 'a,b' }),
    'network: https through p:1; 2 exceptions in NO_PROXY',
  )
  assert.equal(
    line({ ...variables, HTTP_PROXY: 'http://q', CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY: '1' }),
    'network: https through p:1, http through q:80, ' +
      'which resolves names: keeping requests out of private networks (SSRF) is its duty',
  )
})

test('a proxy that applies to the issuer asks for a choice', () => {
  const oidc = (more: string) => ({ oidc: `${SECTIONS['oidc']?.slice(0, -1)}${more} }` })
  const warned = (more: string, variables: Record<string, string>) =>
    warningsOf(fileWith(oidc(more)), { variables })

  const [asked, ...others] = warned('', { HTTPS_PROXY: PROXY })
  assert.match(asked ?? '', /^oidc: does not set use_proxy, and a forward proxy applies to the issuer/)
  assert.deepEqual(others, [])
  assert.deepEqual(warned(', use_proxy: true', { HTTPS_PROXY: PROXY }), [])
  assert.deepEqual(warned(', use_proxy: false', { HTTPS_PROXY: PROXY }), [])
  assert.deepEqual(warned('', { HTTP_PROXY: PROXY }), [])
  assert.deepEqual(warned('', { HTTPS_PROXY: PROXY, NO_PROXY: '.example.com' }), [])
  const boundary = { HTTPS_PROXY: PROXY, CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY: '1' }
  assert.deepEqual(warned('', boundary), [])
})
