import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
}

const file = join(import.meta.dirname, '../../package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> } // npm's own format
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

test('the lockfile names no address to download from, and what every machine installs by its digest', () => {
  const wrong = locked.filter(
    ([, { resolved, integrity, optional }]) => resolved !== undefined || !(integrity || optional),
  )

  assert.deepEqual(wrong, [])
})

test('the packages whose install scripts may run have one, and nothing that every machine installs lacks it', () => {
  const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript)
  const allowed = Object.keys(manifest.allowScripts).map(name => `node_modules/${name}`)

  assert.deepEqual(
    allowed.filter(path => !withScript.some(([other]) => other === path)),
    [],
  )
  assert.deepEqual(
    withScript.filter(([path, { optional }]) => !optional && !allowed.includes(path)),
    [],
  )
})

test('every dependency is pinned to one version', () => {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })

  assert.deepEqual(
    wanted.filter(([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version),
    [],
  )
})
