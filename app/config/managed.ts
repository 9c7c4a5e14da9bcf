import type { z } from 'zod'
import { CliSettings, settingsFindings } from './cli-settings.ts'
import { DesktopOverlay, desktopFindings } from './desktop-overlay.ts'
import { emailDomain } from './oidc.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import { closed, entry, flag, list } from './scalar.ts'
import { spellSafely } from './secret-keys.ts'
import { scalarsOf, type Tree } from './tree.ts'

/** Whom a policy is for: `{}` means everybody, both matchers mean both must hold. */
const Match = closed({
  groups: list(
    entry('an empty group would match nobody.'),
    'an empty list would match nobody: write `match: {}` for everybody.',
  ).optional(),
  email_domain: emailDomain().optional(),
})

const PolicySection = closed({
  match: Match,
  /** Claude Code's settings; `cli` and `settings` are its older names. */
  code: CliSettings.optional(),
  cli: CliSettings.optional(),
  settings: CliSettings.optional(),
  /** Claude Desktop's keys; `{}` opts in. */
  desktop: DesktopOverlay.optional(),
  serve_to_desktop: flag().optional(),
})

/** Who gets which settings and models; the first policy that matches is taken. */
export const ManagedSection = closed({ policies: list(PolicySection) })

/** `managed`, defaults filled in. */
export type ManagedConfig = z.infer<typeof ManagedSection>

/** The settings and desktop blocks (C-20, C-21), and one name for settings in the whole file (P-2). */
export const managedRules: Rule = tree => {
  const policies = tree.items('managed', 'policies')
  const allowUnknown = allowedUnknown(tree)
  const blocks = settingsBlocks(tree)
  return [
    ...blocks.flatMap(path => settingsFindings(tree.plain(...path), path, allowUnknown)),
    ...policies.flatMap(path => desktopFindings(tree.plain(...path, 'desktop'), [...path, 'desktop'])),
    ...mixedNames(blocks),
    ...numberFindings(tree),
  ]
}

/** YAML knows numbers that JSON does not; variables of clients are texts by now (P-21). */
function numberFindings(tree: Tree): Finding[] {
  const node = tree.node(['managed'])
  if (node === undefined) return []
  return [...scalarsOf(node, ['managed'])]
    .filter(({ node: { value } }) => typeof value === 'number' && !Number.isFinite(value))
    .map(({ path }) => ({ path, text: 'is a number that JSON does not have.', fix: 'write a finite one.' }))
}

/** The paths of every settings block in the file. */
function settingsBlocks(tree: Tree): Path[] {
  return tree
    .items('managed', 'policies')
    .flatMap(policy => ['code', 'cli', 'settings'].map(name => [...policy, name]))
    .filter(path => tree.has(...path))
}

function mixedNames(blocks: readonly Path[]): Finding[] {
  const hasCode = blocks.some(path => path.at(-1) === 'code')
  const older = blocks.filter(path => path.at(-1) !== 'code')
  if (!hasCode) return []
  const all = blocks.map(spellSafely).slice(0, 20).join(', ')
  const fix = 'use code everywhere.'
  return older.map(path => ({
    path,
    at: 'key',
    text: `code is not mixed with cli or settings; the file has ${all}.`,
    fix,
  }))
}

function allowedUnknown(tree: Tree): boolean | string[] {
  const path: Path = ['gatehouse', 'allow_unknown_settings']
  return tree.flag(...path) ?? tree.items(...path).flatMap(item => tree.text(...item) ?? [])
}
