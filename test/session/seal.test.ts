import assert from 'node:assert/strict'
import { createHash, hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import { createKeyring } from '../../app/session/keyring.ts'
import { createSealer, looksSealed } from '../../app/session/seal.ts'

const SECRET = 'a secret of the session that has more than 32 bytes'
const OLDER = 'the secret before it, which has more than 32 bytes too'

function sealerOf(...secrets: string[]) {
  return createSealer(createKeyring(secrets))
}

test('a key is named by the first 16 hex digits of its secret’s SHA-256', () => {
  const keyring = createKeyring([SECRET, OLDER, SECRET])

  assert.equal(keyring.current.kid, createHash('sha256').update(SECRET).digest('hex').slice(0, 16))
  assert.deepEqual(
    keyring.all.map(key => key.kid),
    [SECRET, OLDER].map(secret => createHash('sha256').update(secret).digest('hex').slice(0, 16)),
  )
})

test('a seal is a compact JWE whose key is HKDF-SHA-256 of the secret and the purpose', async () => {
  const sealed = await sealerOf(SECRET).seal('state', { jti: 'x' })

  const key = new Uint8Array(hkdfSync('sha256', SECRET, '', 'gatehouse/state/v1', 32))
  const { plaintext } = await compactDecrypt(sealed, key)
  assert.deepEqual(decodeProtectedHeader(sealed), {
    alg: 'dir',
    enc: 'A256GCM',
    typ: 'state+jwe',
    kid: createHash('sha256').update(SECRET).digest('hex').slice(0, 16),
  })
  assert.deepEqual(JSON.parse(new TextDecoder().decode(plaintext)), { jti: 'x' })
})

test('what one purpose sealed no other purpose opens', async () => {
  const sealer = sealerOf(SECRET)
  const purposes = ['state', 'grant', 'refresh'] as const
  const sealed = await Promise.all(purposes.map(purpose => sealer.seal(purpose, { purpose })))

  const opened = await Promise.all(
    purposes.map(purpose => Promise.all(sealed.map(text => sealer.open(purpose, text)))),
  )

  assert.deepEqual(opened, [
    [{ purpose: 'state' }, null, null],
    [null, { purpose: 'grant' }, null],
    [null, null, { purpose: 'refresh' }],
  ])
})

test('a seal outlives a prepended secret and dies with a dropped one', async () => {
  const sealed = await sealerOf(OLDER).seal('refresh', { sid: 's' })

  const opened = await Promise.all([
    sealerOf(SECRET, OLDER).open('refresh', sealed),
    sealerOf(SECRET).open('refresh', sealed),
  ])

  assert.deepEqual(opened, [{ sid: 's' }, null])
})

test('the first secret of the list seals', async () => {
  const sealed = await sealerOf(SECRET, OLDER).seal('refresh', { sid: 's' })

  const opened = await Promise.all([
    sealerOf(SECRET).open('refresh', sealed),
    sealerOf(OLDER).open('refresh', sealed),
  ])

  assert.deepEqual(opened, [{ sid: 's' }, null])
})

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('a seal with any character changed, cut or added does not open', async () => {
  const sealer = sealerOf(SECRET)
  const sealed = await sealer.seal('refresh', { sid: 's' })
  const altered = [...sealed].map((character, at) => {
    // Half the alphabet further: the lowest bits of a part's last character may belong to no byte.
    const other = character === '.' ? 'A' : BASE64URL[(BASE64URL.indexOf(character) + 32) % 64]
    return sealed.slice(0, at) + other + sealed.slice(at + 1)
  })

  const opened = await Promise.all(
    [...altered, sealed.slice(0, -1), `${sealed}A`, `${sealed}.`, '', '....', 'x'.repeat(2 ** 20)].map(text =>
      sealer.open('refresh', text),
    ),
  )

  assert.deepEqual(new Set(opened), new Set([null]))
})

test('a seal under another algorithm, or compressed, does not open', async () => {
  const { current } = createKeyring([SECRET])
  const header = { typ: 'refresh+jwe', kid: current.kid }
  const key = current.sealKeys.refresh
  const payload = new TextEncoder().encode('{"sid":"s"}')
  const wrapped = await new CompactEncrypt(payload)
    .setProtectedHeader({ ...header, alg: 'A256GCMKW', enc: 'A256GCM' })
    .encrypt(key)
  const compressed = await new CompactEncrypt(payload)
    .setProtectedHeader({ ...header, alg: 'dir', enc: 'A256GCM', zip: 'DEF' })
    .encrypt(key)

  const opened = await Promise.all([wrapped, compressed].map(text => sealerOf(SECRET).open('refresh', text)))

  assert.deepEqual(opened, [null, null])
})

test('a seal is recognised as one without any key', async () => {
  const sealed = await sealerOf(OLDER).seal('grant', {})

  assert.deepEqual([sealed, 'opaque', 'a.b.c', 'a.b.c.d.e', ''].map(looksSealed), [
    true,
    false,
    false,
    false,
    false,
  ])
})
