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
  /** Comes inside its parent's archive, whose digest covers it. */
  readonly inBundle?: boolean
}

const file = join(import.meta.dirname, '../../package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> } // npm's own format
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

test('the lockfile names no address to download from, and what every machine installs by its digest', () => {
  const wrong = locked.filter(
    ([, { resolved, integrity, optional, inBundle }]) =>
      resolved !== undefined || !(integrity || optional || inBundle),
  )

  assert.deepEqual(wrong, [])
})

test('it is decided of every package with an install script, and of no other, whether the script may run', () => {
  const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript)
  const decided = Object.keys(manifest.allowScripts).map(name => `node_modules/${name}`)

  assert.deepEqual(
    decided.filter(path => !withScript.some(([other]) => other === path)),
    [],
  )
  assert.deepEqual(
    withScript.filter(([path, { optional }]) => !optional && !decided.includes(path)),
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
