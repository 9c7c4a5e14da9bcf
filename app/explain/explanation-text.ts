// An explanation as text for people, and as JSON for programs.
import type { Json, JsonObject } from '../config/cli-settings.ts'
import type { Explanation, ModelVerdict } from './explanation.ts'

/** Names of values that are not for a terminal's history, though machines get them. */
const SECRET_NAME = /key|token|secret|password|authorization|cookie/i

/** What a terminal shows of an explanation. */
export function explanationText(explanation: Explanation): string {
  const { person, settings, checksum, desktop, models, asked } = explanation
  const who = [person.email ?? person.sub, `groups: ${person.groups?.join(', ') || 'none'}`]
  return [
    ...who,
    '',
    ...(asked === null ? [] : [askedLine(explanation, asked), '']),
    'policies',
    ...policyLines(explanation),
    '',
    `settings  ${settings === null ? 'none: /managed/settings answers 404' : (checksum ?? '')}`,
    ...(settings === null ? [] : JSON.stringify(masked(settings), null, 2).split('\n')).map(indented),
    '',
    `desktop   ${desktop}`,
    '',
    'models',
    ...aligned(models.map(model => [model.id, modelText(model, explanation)])),
    '',
    'spend     no limits in this release',
    '',
  ].join('\n')
}

/** The same as an object for programs; secrets are masked alike. */
export function explanationJson(explanation: Explanation): string {
  const { settings } = explanation
  return `${JSON.stringify({ ...explanation, settings: settings === null ? null : masked(settings) }, null, 2)}\n`
}

/** `settings` without the values of environment variables and headers whose name says that they are secret. */
function masked(settings: JsonObject): JsonObject {
  return maskedBelow(settings, false)
}

function maskedBelow(object: JsonObject, isMap: boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, maskedValue(value, { key, isMap })]),
  )
}

function maskedValue(value: Json, { key, isMap }: { key: string; isMap: boolean }): Json {
  if (isMap && typeof value === 'string' && SECRET_NAME.test(key)) return '(not shown)'
  if (isObject(value)) return maskedBelow(value, key === 'env' || key === 'headers')
  return Array.isArray(value) ? value.map(item => maskedValue(item, { key: '', isMap: false })) : value
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value)
}

function policyLines({ policies, policy }: Explanation): string[] {
  if (policies.length === 0) return ['  the file has none']
  const rows = policies.map(({ index, match, verdict, isBase }) => [
    `${index} for ${match}`,
    isBase ? 'the base of the selected one' : verdict,
  ])
  return [...aligned(rows), ...(policy === null ? ['  no policy matches'] : [])]
}

function askedLine(explanation: Explanation, asked: ModelVerdict): string {
  return `${asked.id}: ${modelText(asked, explanation)}`
}

function modelText({ refusedBy, upstreams }: ModelVerdict, { policy }: Explanation): string {
  if (refusedBy === 'unmatched') return 'refused: no policy matches, and gatehouse.policy.unmatched is deny'
  if (refusedBy !== null) return `refused by ${refusedBy} of policy ${policy}`
  if (upstreams.length === 0) return 'no upstream serves it'
  return upstreams.map(({ name, model }) => `${name} as ${model}`).join(', then ')
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`)
}

function indented(line: string): string {
  return `  ${line}`
}
