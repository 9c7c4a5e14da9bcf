import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claim, fillGaps, readClaims } from '../../app/identity/claims.ts'

const NAMES = { email: ['email'], groups: 'groups' }

test('a claim name with a leading slash is a JSON Pointer, another one is one flat name', () => {
  const document = {
    resource_access: { 'my/app': { roles: ['admin'] } },
    'cognito:groups': ['a'],
    'https://example.com/groups': ['b'],
    list: ['x', 'y'],
    'a~b': 1,
    a: { b: 2 },
  }

  assert.deepEqual(claim(document, '/resource_access/my~1app/roles'), ['admin'])
  assert.deepEqual(claim(document, 'cognito:groups'), ['a'])
  assert.deepEqual(claim(document, 'https://example.com/groups'), ['b'])
  assert.equal(claim(document, '/list/1'), 'y')
  assert.equal(claim(document, '/a~0b'), 1)
  assert.equal(claim(document, 'a.b'), undefined)
  assert.equal(claim(document, '/a/missing/deeper'), undefined)
})

test('claims are read from own properties only', () => {
  const document = JSON.parse('{"__proto__": {"groups": ["admins"], "email": "eve@example.com"}, "a": {}}')

  assert.equal(claim({}, '__proto__'), undefined)
  assert.equal(claim({}, 'constructor'), undefined)
  assert.equal(claim(document, '/a/__proto__/constructor/name'), undefined)
  assert.equal(claim(document, '/a/toString'), undefined)
  assert.deepEqual(readClaims(document, NAMES), { groups: { kind: 'absent' } })
})

test('the first email claim that holds an address wins', () => {
  const names = { email: ['email', '/profile/mail', 'upn'], groups: 'groups' }

  const fromSecond = readClaims({ profile: { mail: 'ada@example.com' }, upn: 'other@example.com' }, names)
  const pastMalformed = readClaims({ email: 'no address', upn: 'ada@example.com' }, names)

  assert.deepEqual(fromSecond.email, { address: 'ada@example.com', verified: true })
  assert.deepEqual(pastMalformed.email, { address: 'ada@example.com', verified: true })
})

test('what is not an address of at most 254 characters counts as no email', () => {
  const addresses = [
    '',
    'ada',
    '@example.com',
    'ada@',
    'a da@example.com',
    'ada@exa\nmple.com',
    'ada\u202e@example.com',
    7,
  ]
  const longest = `${'a'.repeat(242)}@example.com`

  assert.deepEqual(
    addresses.map(email => readClaims({ email }, NAMES).email),
    addresses.map(() => undefined),
  )
  assert.equal(readClaims({ email: longest }, NAMES).email?.address, longest)
  assert.equal(readClaims({ email: `a${longest}` }, NAMES).email, undefined)
})

test('an address is unverified only when its own document says so', () => {
  const verdicts = [false, 'false', true, 'true', undefined, null, 0].map(
    email_verified => readClaims({ email: 'ada@example.com', email_verified }, NAMES).email?.verified,
  )

  assert.deepEqual(verdicts, [false, false, true, true, true, true, true])
})

test('groups are texts of a list, or one text that is one group', () => {
  const read = (groups: unknown) => readClaims({ groups }, NAMES).groups

  assert.deepEqual(read(['b', 'a', 'b', 'A']), { kind: 'told', groups: ['b', 'a', 'A'], skipped: 0 })
  assert.deepEqual(read('one, and only'), { kind: 'told', groups: ['one, and only'], skipped: 0 })
  assert.deepEqual(read(['a', 1, null, ['b'], {}, '']), { kind: 'told', groups: ['a'], skipped: 5 })
  assert.deepEqual(read(['a', 'b\u0000', '\ud83d', '\u{1f600}']), {
    ...{ kind: 'told', groups: ['a', '\u{1f600}'], skipped: 2 },
  })
  assert.deepEqual(read([]), { kind: 'told', groups: [], skipped: 0 })
  for (const none of [undefined, null, '', 7, {}]) assert.deepEqual(read(none), { kind: 'absent' })
})

test('groups left out of a token for their number are unknown, not none', () => {
  const names = { _claim_names: { groups: 'src1' }, groups: [] }

  assert.deepEqual(readClaims(names, NAMES).groups, { kind: 'unknown' })
  assert.deepEqual(readClaims({ hasgroups: true }, NAMES).groups, { kind: 'unknown' })
  assert.deepEqual(readClaims({ hasgroups: false, _claim_names: {} }, NAMES).groups, { kind: 'absent' })
  const roles = readClaims({ ...names, roles: ['Developer'] }, { ...NAMES, groups: 'roles' })
  assert.deepEqual(roles.groups, { kind: 'told', groups: ['Developer'], skipped: 0 })
})

test('a name is shown without invisible characters, and not at all beyond 200', () => {
  const nameOf = (name: unknown) => readClaims({ name }, NAMES).name

  assert.equal(nameOf(' Ada\u0000\u202e Lovelace '), 'Ada Lovelace')
  assert.equal(nameOf('x'.repeat(201)), undefined)
  assert.equal(nameOf('\u0007'), undefined)
})

test('userinfo fills gaps and overrides nothing', () => {
  const idToken = readClaims({ email: 'ada@example.com', groups: [] }, NAMES)
  const userinfo = readClaims(
    { email: 'eve@example.com', email_verified: false, groups: ['a'], name: 'Ada' },
    NAMES,
  )

  assert.deepEqual(fillGaps(idToken, userinfo), {
    email: { address: 'ada@example.com', verified: true },
    name: 'Ada',
    groups: { kind: 'told', groups: [], skipped: 0 },
  })
  assert.deepEqual(fillGaps({ groups: { kind: 'absent' } }, userinfo), userinfo)
})
