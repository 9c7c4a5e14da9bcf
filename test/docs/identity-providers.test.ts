import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { OidcSection } from '../../app/config/oidc.ts'

const root = join(import.meta.dirname, '../..')
const manual = readFileSync(join(root, 'docs/identity-providers.md'), 'utf8')
const BLOCKS = [...manual.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block)

test('every configuration block for an identity provider is one that the gateway accepts', () => {
  const judged = BLOCKS.map(block =>
    z.strictObject({ oidc: OidcSection, gatehouse: GatehouseSection.optional() }).safeParse(parse(block)),
  )

  assert.equal(BLOCKS.length, 10)
  assert.deepEqual(
    judged.flatMap(({ error }) => (error ? [z.prettifyError(error)] : [])),
    [],
  )
})

test('every reason that identity gives for a failure is explained, and no other', () => {
  const code = readdirSync(join(root, 'app/identity'))
    .filter(name => name.endsWith('.ts'))
    .map(name => readFileSync(join(root, 'app/identity', name), 'utf8'))
    .join('\n')
  const table = manual.slice(manual.indexOf('| `err` |'))
  const explained = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(
    ([, cell = '']) => cell.match(/\w+/g) ?? [],
  )

  const missing = explained.filter(err => err !== 'err' && !code.includes(`'${err}'`))
  const reasons = [...code.matchAll(/\berr: '(\w+)'|'((?:id_token|iss|idp|email)_\w+)'/g)].map(
    ([, a, b]) => a ?? b ?? '',
  )
  const names = new Set(['email_verified', 'email_claim', 'id_token_signed_response_alg'])

  assert.deepEqual(missing, [])
  assert.deepEqual(
    reasons.filter(err => !explained.includes(err) && !names.has(err)),
    [],
  )
})
