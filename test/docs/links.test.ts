// What the documents point at is there.
import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { PAGES, type Page, prose } from '../support/manual.ts'

const root = join(import.meta.dirname, '../..')

/** A heading as its address: lower case, punctuation dropped, spaces as dashes. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function brokenLinks(page: Page): string[] {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter(target => {
    if (/^[a-z]+:/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? join(root, page.path) : join(root, dirname(page.path), path)
    if (!existsSync(file)) return true
    return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor)
  })
}

test('every relative link leads to a file, and to a heading in it', () => {
  const broken = PAGES.flatMap(page => brokenLinks(page).map(target => `${page.path}: ${target}`))

  assert.deepEqual(broken, [])
})

test('every file of the repository that a document names is there', () => {
  const missing = PAGES.flatMap(page =>
    [...page.text.matchAll(/`((?:app|test|docs|bench|tools)\/[\w./*-]+)`/g)]
      .map(([, path = '']) => path)
      // What a run leaves behind is not part of a clone.
      .filter(path => path !== 'bench/results/')
      .filter(path => !existsSync(join(root, path)) && globSync(path, { cwd: root }).length === 0)
      .map(path => `${page.path}: ${path}`),
  )

  assert.deepEqual(missing, [])
})

test('no document holds a path of somebody’s machine', () => {
  const machine = /(?:^|[\s`"'(=])(\/(?:work|home|root|Users|tmp|private)\/[^\s`"')]*)/gm
  const found = PAGES.flatMap(page =>
    [...page.text.matchAll(machine)].map(([, path]) => `${page.path}: ${path}`),
  )

  assert.deepEqual(found, [])
})

test('decisions are numbered once each, and say their number', () => {
  const names = readdirSync(join(root, 'docs/decisions')).filter(name => name.endsWith('.md'))
  const numbers = names.map(name => /^(\d{3})-[a-z0-9-]+\.md$/.exec(name)?.[1] ?? name)
  const misnamed = names.filter(
    (name, index) =>
      !readFileSync(join(root, 'docs/decisions', name), 'utf8').startsWith(`# ${numbers[index]}. `),
  )

  assert.deepEqual(numbers, [...new Set(numbers)])
  assert.deepEqual(misnamed, [])
})

test('the changelog begins with what is pending: important notes, then changes', () => {
  const changelog = PAGES.find(({ path }) => path === 'CHANGELOG.md')?.text ?? ''
  const headings = [...changelog.matchAll(/^##+ .+$/gm)].map(([heading]) => heading)

  assert.deepEqual(headings.slice(0, 3), ['## Pending', '### Important notes', '### Changes'])
})
