// An explanation as text for people, and as JSON for programs.
import { terminalJson } from '../lib/terminal-json.ts'
import type { Explanation, PolicyVerdict } from './explanation.ts'
import type { AskedModel, ModelVerdict, RefusalFacts } from './model-verdict.ts'
import { priceText } from './price-row.ts'
import { routingLines } from './routing-text.ts'
import { spendLines } from './spend-report.ts'

/** Entries of a list that a line shows. */
const MAX_ENTRIES = 10

/** What a terminal could take for a command, or show in another order; names come from directories. */
const INVISIBLE = /[^\P{C}\n]/gu

/** What a terminal shows of an explanation; of prices only on demand. */
export function explanationText(
  explanation: Explanation,
  shows: { readonly prices: boolean } = { prices: false },
): string {
  const { person, settings, checksum, desktop, models, routing, asked, prices } = explanation
  const spend = spendLines(explanation.spend)
  const who = [person.email ?? person.sub, `groups: ${person.groups?.join(', ') || 'none'}`]
  const lines = [
    ...who,
    '',
    ...(asked.length === 0 ? [] : [...asked.flatMap(model => askedLines(model, explanation)), '']),
    'policies',
    ...policyLines(explanation),
    '',
    `settings  ${settings === null ? 'none: /managed/settings answers 404' : (checksum ?? '')}`,
    ...(settings === null ? [] : JSON.stringify(settings, null, 2).split('\n')).map(indented),
    '',
    `desktop   ${desktop}`,
    '',
    'models',
    ...aligned(models.map(model => [model.id, modelText(model)])),
    '',
    ...(routing === null ? [] : ['routing', ...routingLines(routing).map(indented), '']),
    ...(shows.prices ? [...priceLines(prices), ''] : []),
    `spend     ${spend.first}`.trimEnd(),
    ...aligned(spend.rows),
    '',
  ]
  return lines.join('\n').replaceAll(INVISIBLE, '?')
}

/** The same as an object for programs. */
export function explanationJson(explanation: Explanation): string {
  return terminalJson(explanation)
}

function priceLines(prices: Explanation['prices']): string[] {
  const rows = prices.map(row => [`${row.model} on ${row.upstream}`, priceText(row)])
  return ['prices    US dollars per million tokens', ...aligned(rows)]
}

function policyLines({ policies, policy }: Explanation): string[] {
  if (policies.length === 0) return ['  the file has none']
  const rows = policies.map(verdict => [
    `${verdict.index} for ${verdict.match}`,
    verdictText(verdict, policy),
  ])
  return [...aligned(rows), ...(policy === null ? ['  no policy matches'] : [])]
}

function verdictText({ verdict, nearMiss, isBase }: PolicyVerdict, selected: number | null): string {
  if (isBase) return 'the base of the selected one'
  if (verdict === 'not reached') return `not reached: policy ${selected} stands before it`
  return nearMiss === null ? verdict : `${verdict}: ${nearMiss} is written in another case`
}

/** The verdict, then every policy that would allow the model, and why it is not the person's. */
function askedLines(asked: AskedModel, { policies, policy }: Explanation): string[] {
  const others = asked.allowedBy.flatMap(index => policies[index] ?? [])
  return [
    `${asked.id}: ${modelText(asked)}`,
    ...others.map(
      other => `  policy ${other.index} for ${other.match} allows it: ${verdictText(other, policy)}`,
    ),
  ]
}

function modelText({ refusal, upstreams }: ModelVerdict): string {
  if (refusal !== null) return refusalText(refusal)
  if (upstreams.length === 0) return 'no upstream serves it'
  return upstreams.map(({ name, model }) => `${name} as ${model}`).join(', then ')
}

function refusalText(refusal: RefusalFacts): string {
  if (refusal.reason === 'unmatched')
    return 'refused: no policy matches, and gatehouse.policy.unmatched is deny'
  const { reason, policy, isBase } = refusal
  const place = `refused by ${reason} of policy ${policy}${isBase ? ', the base' : ''}`
  return `${place}: ${reason === 'deniedModels' ? `it has ${refusal.entry}` : unlistedText(refusal)}`
}

function unlistedText({ entries, narrowed }: Extract<RefusalFacts, { reason: 'availableModels' }>): string {
  if (entries.length === 0) return 'it is empty'
  if (narrowed !== null) return `${narrowed} stands back beside the models of its family that are listed`
  const shown = entries.slice(0, MAX_ENTRIES).map(entry => (entry === '' ? '""' : entry))
  return `it has only ${shown.join(', ')}${entries.length > MAX_ENTRIES ? ', …' : ''}`
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`)
}

function indented(line: string): string {
  return `  ${line}`
}
