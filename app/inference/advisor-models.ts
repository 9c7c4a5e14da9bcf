// The models that a request lets its model consult: the Messages API's advisor tool names one for each.
import { Refusal } from '../http/errors.ts'
import type { ScannedBody } from './body-edits.ts'
import { slicesBetween } from './body-slices.ts'
import type { NamedModel } from './catalog.ts'

/** More than any request needs; a name that is longer is none. */
const MAX_MODELS = 16
const MAX_MODEL = 256

/** Depth of the members of one tool: inside the list, inside the object. */
const TOOL_DEPTH = 2

/** The word model in quotes, every letter of it escaped; a longer key is none of those that are looked for. */
const MAX_KEY = 2 + 6 * 'model'.length

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/**
 * The `model` of each advisor in `tools`, each once, and what a policy is to judge; the body is known to be valid JSON.
 *
 * Judged as it is written: it goes upstream so, past the catalog and its `upstream_model`.
 *
 * Members that stand twice in one tool all count, as the upstream may read the first or the last. One pass over the
 * bytes, which remembers one tool at a time: `tools` may be as long as a body.
 */
export function advisorModels(body: ScannedBody): [name: string, judged: NamedModel][] {
  const member = body.members.find(({ name }) => name === 'tools')
  if (member === undefined) return []
  const source = Buffer.concat(slicesBetween(body.chunks, member.valueStart, member.valueEnd))
  // An escaped letter could hide the word; nearly no request has either.
  if (!source.includes('advisor') && !source.includes('\\u')) return []
  const found = new Set<string>()
  let tool = newTool()
  let depth = 0
  for (let at = 0; at < source.length; at += 1) {
    const byte = source[at]
    if (byte === QUOTE) {
      const end = endOfText(source, at)
      if (depth === TOOL_DEPTH) at = noteMember(tool, source, { start: at, end })
      else at = end - 1
    } else if (isOpening(byte)) {
      depth += 1
      if (depth === TOOL_DEPTH) tool = newTool()
    } else if (isClosing(byte)) {
      if (depth === TOOL_DEPTH) collect(tool, found)
      depth -= 1
    }
  }
  return [...found].map(name => [name, { id: name, names: [name], sentAs: [] }])
}

interface Tool {
  isAdvisor: boolean
  readonly models: Set<string>
}

function newTool(): Tool {
  return { isAdvisor: false, models: new Set() }
}

function collect({ isAdvisor, models }: Tool, found: Set<string>): void {
  if (!isAdvisor) return
  for (const model of models) found.add(model)
  if (found.size > MAX_MODELS)
    throw new Refusal('bad_request', `a request names at most ${MAX_MODELS} models of advisors`)
}

/** Notes the member whose key may be the text from `start` to `end`; answers the last byte that was read. */
function noteMember(tool: Tool, source: Buffer, { start, end }: { start: number; end: number }): number {
  const colon = afterSpace(source, end)
  const value = afterSpace(source, colon + 1)
  if (source[colon] !== COLON || source[value] !== QUOTE || end - start > MAX_KEY) return end - 1
  const valueEnd = endOfText(source, value)
  const key = textIn(source, start, end)
  if (key === 'type') tool.isAdvisor ||= textIn(source, value, valueEnd).includes('advisor')
  // One too many is enough to be refused.
  if (key === 'model' && tool.models.size <= MAX_MODELS)
    tool.models.add(textIn(source, value, valueEnd).slice(0, MAX_MODEL))
  return valueEnd - 1
}

/** One past the closing quote of the text that begins at `start`. */
function endOfText(source: Buffer, start: number): number {
  let at = start + 1
  while (source[at] !== QUOTE) at += source[at] === BACKSLASH ? 2 : 1
  return at + 1
}

function afterSpace(source: Buffer, from: number): number {
  let at = from
  while (source[at] === 0x20 || source[at] === 0x0a || source[at] === 0x0d || source[at] === 0x09) at += 1
  return at
}

function textIn(source: Buffer, start: number, end: number): string {
  return JSON.parse(source.toString('utf8', start, end))
}

/** `{` or `[`. */
function isOpening(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b
}

/** `}` or `]`. */
function isClosing(byte: number | undefined): boolean {
  return byte === 0x7d || byte === 0x5d
}
