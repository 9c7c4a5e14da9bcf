// The file itself: one YAML 1.2 document with a mapping at its top (C-8, C-10, C-12).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertProblem, fileWith, judge, problemsOf, SECTIONS } from '../support/config-text.ts'

test('an empty file says which sections are needed', () => {
  assertProblem('# nothing\n', '', ['empty', 'listen, oidc, session, store and upstreams'])
})

test('a list at the top is refused', () => {
  assertProblem('- listen\n', '', ['mapping of sections'])
})

test('a scalar at the top is refused', () => {
  assertProblem('listen\n', '', ['mapping of sections'])
})

test('a second document is refused where it starts', () => {
  assertProblem(`${fileWith()}--- # here\nlisten: {}\n`, '', ['second document'])
})

test('a key given twice is refused at the second', () => {
  assertProblem(
    fileWith({ session: 'session:\n  jwt_secret: ${JWT}\n  jwt_secret: ${JWT} # here' }),
    'session.jwt_secret',
    ['given twice'],
  )
})

test('a tag is refused', () => {
  assertProblem(
    fileWith({ gatehouse: 'gatehouse: { log_format: !!str json } # here' }),
    'gatehouse.log_format',
    ['tags'],
  )
})

test('a tab in the indentation is named', () => {
  assertProblem(fileWith({ gatehouse: 'gatehouse:\n\tlog_format: json # here' }), '', ['tab'])
})

test('a quote that is never closed is named without the text behind it', () => {
  const problems = problemsOf(fileWith({ session: 'session:\n  jwt_secret: "marked-literal' }))

  assert.equal(problems.length, 1)
  assert.match(problems[0]?.text ?? '', /closing quote/)
})

test('a reference without quotes inside { } says that it must be quoted', () => {
  const text = fileWith({
    upstreams: 'upstreams:\n  - provider: anthropic\n    auth: { api_key: ${API_KEY} } # here',
  })

  assertProblem(text, '', ['${…} must be quoted inside { }', '"${NAME}"'])
})

test('a reference without quotes inside [ ] says that it must be quoted', () => {
  assertProblem(fileWith({ session: 'session: { jwt_secret: [${JWT}] } # here' }), '', ['must be quoted'])
})

test('a key with no value is a problem, never "absent"', () => {
  assertProblem(
    fileWith({ access_control: 'access_control:\n  allow_cidrs: # here' }),
    'access_control.allow_cidrs',
    ['has no value', 'remove the key'],
  )
})

test('null and ~ are no values either', () => {
  const text = fileWith({ oidc: `${SECTIONS['oidc']?.slice(0, -1)}, allowed_groups: ~, ca_cert_pem: null }` })

  assert.deepEqual(
    problemsOf(text).map(problem => problem.path),
    ['oidc.allowed_groups', 'oidc.ca_cert_pem'],
  )
})

test('a list entry with no value keeps the numbers of the entries after it', () => {
  const text = fileWith({ access_control: 'access_control:\n  deny_cidrs:\n    -\n    - nowhere' })

  assert.deepEqual(
    problemsOf(text).map(problem => problem.path),
    ['access_control.deny_cidrs[0]', 'access_control.deny_cidrs[1]'],
  )
})

test('anchors and merge keys work; own keys win over merged ones', () => {
  const result = judge(
    fileWith({
      upstreams:
        'upstreams:\n  - &first\n    provider: anthropic\n    name: first\n    auth: { api_key: "${API_KEY}" }\n  - <<: *first\n    name: second',
    }),
  )

  assert.ok(result.kind === 'loaded')
  assert.deepEqual(
    result.config.upstreams.map(upstream => [upstream.name, upstream.auth]),
    [
      ['first', { api_key: 'marked-api-key' }],
      ['second', { api_key: 'marked-api-key' }],
    ],
  )
})

test('an alias without its anchor is refused', () => {
  assertProblem(fileWith({ models: 'models: *nowhere # here' }), 'models', ['names no anchor'])
})

test('aliases are expanded a hundred times at most, so that a small file cannot become a huge one', () => {
  const lists = Array.from({ length: 9 }, (_, i) => `  - &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`)

  const problems = problemsOf(fileWith({ models: `models:\n  - &l0 [x]\n${lists.join('\n')}` }))

  assert.ok(problems.some(problem => problem.text === 'more than 100 aliases are expanded.'))
})

test('an anchor that holds itself is refused', () => {
  const problems = problemsOf(fileWith({ models: 'models: &m [*m]' }))

  assert.ok(problems.some(problem => problem.text === 'more than 100 aliases are expanded.'))
})

test('a key named __proto__ is no key', () => {
  assertProblem(
    fileWith({ gatehouse: 'gatehouse: { __proto__: { revocation: false } } # here' }),
    'gatehouse',
    ['a key must be a name'],
  )
})

test('key order, CRLF and a byte order mark make no difference', () => {
  const expected = judge(fileWith())
  assert.ok(expected.kind === 'loaded')
  const orders = fc.shuffledSubarray(Object.keys(SECTIONS), { minLength: Object.keys(SECTIONS).length })

  fc.assert(
    fc.property(orders, fc.boolean(), fc.boolean(), (order, isCrlf, hasMark) => {
      const newline = isCrlf ? '\r\n' : '\n'
      const text = order.map(name => `${SECTIONS[name]}${newline}`).join('')
      const result = judge(`${hasMark ? '\ufeff' : ''}${text}`)
      assert.ok(result.kind === 'loaded')
      assert.deepEqual(result.config, expected.config)
    }),
    { numRuns: 50 },
  )
})

test('no text whatever makes the reader throw', () => {
  const pieces = fc.constantFrom(
    'listen:',
    ' ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '${',
    'x',
    '"',
    '&a ',
    '*a',
    '<<: ',
    ': ',
    '!!t ',
    '|\n',
    '? ',
  )

  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), words => {
      judge(words.join(''))
    }),
    { numRuns: 500 },
  )
})
