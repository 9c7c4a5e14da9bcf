// Signing in, asking and refreshing through everything, for each way in which identity providers differ.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { freePort } from '../support/free-port.ts'
import { ADA } from '../support/idp-manners.ts'
import { ENGINEER, startOidcProvider } from '../support/oidc-provider.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import {
  ASK,
  openWholeGateway,
  redirectUriOf,
  surround,
  type WholeGateway,
} from '../support/whole-gateway.ts'

const ADA_CLAIMS = {
  sub: ADA.sub,
  email: 'ada@example.com',
  name: 'Ada Example',
  groups: ['engineering', 'on-call'],
}
const GROUP_SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access']

type Options = NonNullable<Parameters<typeof openWholeGateway>[0]>

interface Case {
  readonly what: string
  readonly manners?: Options['manners']
  readonly oidc?: Options['oidc']
  readonly person?: typeof ADA
  readonly claims?: object
  /** What a refresh with the tokens of the sign-in ends with; `none` where there is no refresh token. */
  readonly refresh?: 'renewed' | 'none'
}

const CASES: readonly Case[] = [
  { what: 'a fat id_token' },
  {
    what: 'a thin id_token and the rest at userinfo',
    manners: { idTokenClaims: [] },
    oidc: { userinfo_fallback: true },
  },
  {
    what: 'one group as text',
    person: { ...ADA, memberOf: 'engineering' },
    oidc: { groups_claim: 'memberOf' },
    claims: { ...ADA_CLAIMS, groups: ['engineering'] },
  },
  {
    what: 'groups behind a JSON pointer',
    person: { ...ADA, resource_access: { gatehouse: { roles: ['reviewer', 'engineering'] } } },
    oidc: { groups_claim: '/resource_access/gatehouse/roles' },
    claims: { ...ADA_CLAIMS, groups: ['reviewer', 'engineering'] },
  },
  { what: 'no refresh token', manners: { refreshToken: 'none' }, refresh: 'none' },
  { what: 'a refresh token that is replaced at each use', manners: { refreshToken: 'rotating' } },
  {
    what: 'no id_token at a refresh',
    manners: { idTokenOnRefresh: 'never' },
    oidc: { userinfo_fallback: true },
  },
  {
    what: 'an id_token at a refresh only for those who name the scope',
    manners: { idTokenOnRefresh: 'with_scope', metadata: { userinfo_endpoint: undefined } },
    oidc: { scope_on_refresh: true },
  },
]

/** Signs in, streams, refreshes twice as a client does, and streams again. */
async function walk({ terminal, ask, signIn }: WholeGateway) {
  const end = await signIn()
  assert.ok(end.kind === 'signed_in', JSON.stringify(end))
  const { access_token, refresh_token } = end.tokens
  const streams = [await ask(access_token, { ...ASK, stream: true })]
  const refreshes: { readonly status: number; readonly access_token: string }[] = []
  for (let token = refresh_token; token !== undefined && refreshes.length < 2; ) {
    const { status, body } = await terminal.refresh(token)
    assert.equal(status, 200, body)
    const renewed = JSON.parse(body)
    refreshes.push({ status, access_token: renewed.access_token })
    streams.push(await ask(renewed.access_token, { ...ASK, stream: true }))
    token = renewed.refresh_token
  }
  return { bearer: access_token, streams: streams.map(({ status, body }) => [status, body]), refreshes }
}

function identityIn(bearer: string): object {
  const { sub, email, name, groups } = decodeJwt<{ email: string; name: string; groups: string[] }>(bearer)
  return { sub, email, name, groups }
}

const STREAMED = [200, REPLY_EVENTS.join('')]

for (const { what, manners, oidc, person, claims = ADA_CLAIMS, refresh = 'renewed' } of CASES) {
  test(`from the metadata to a streamed answer and a refreshed token, at a provider with ${what}`, async () => {
    await using whole = await openWholeGateway({ ...(manners && { manners }), ...(oidc && { oidc }) })
    if (person) whole.idp.person = person

    const { bearer, streams, refreshes } = await walk(whole)

    const isRenewed = refresh === 'renewed'
    assert.deepEqual(identityIn(bearer), claims)
    assert.deepEqual(streams, isRenewed ? [STREAMED, STREAMED, STREAMED] : [STREAMED])
    assert.deepEqual(
      refreshes.map(({ status, access_token }) => [status, identityIn(access_token)]),
      isRenewed
        ? [
            [200, claims],
            [200, claims],
          ]
        : [],
    )
    assert.deepEqual(whole.pauses, [5, 5])
    assert.deepEqual(
      whole.gateway.events.map(({ evt }) => evt),
      [
        ...['device.authorize', 'device.verify', 'device.callback', 'session.mint', 'inference'],
        ...(isRenewed ? ['session.refresh', 'inference', 'session.refresh', 'inference'] : []),
      ],
    )
  })
}

for (const fatIdTokens of [true, false]) {
  test(`the same at the real oidc-provider with ${fatIdTokens ? 'fat' : 'thin'} id_tokens`, async () => {
    const port = await freePort()
    await using idp = await startOidcProvider({ redirectUri: redirectUriOf(port), fatIdTokens })
    await using whole = await surround({
      ...{ port, issuer: idp.issuer, person: { login: ENGINEER.email, password: ENGINEER.password } },
      oidc: { scopes: GROUP_SCOPES, userinfo_fallback: true },
    })

    const { bearer, streams, refreshes } = await walk(whole)

    const claims = { sub: ENGINEER.email, email: ENGINEER.email, name: 'Erin', groups: ['engineering'] }
    assert.deepEqual(identityIn(bearer), claims)
    assert.deepEqual(streams, [STREAMED, STREAMED, STREAMED])
    assert.deepEqual(
      refreshes.map(({ status, access_token }) => [status, identityIn(access_token)]),
      [
        [200, claims],
        [200, claims],
      ],
    )
  })
}
