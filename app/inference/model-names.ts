// How one built-in model may be spelled: first-party, Bedrock and Vertex forms, in any case.
import { BUILTIN_MODELS, type BuiltinModel } from './builtin-models.ts'

/** `us.anthropic.claude-opus-4-6-v1`, `anthropic.claude-haiku-4-5-20251001-v1:0` → the name in the middle. */
const BEDROCK_FORM = /^(?:[a-z][a-z-]*\.)?anthropic\.(.+?)(?:-v1(?::0)?)?$/

/** `claude-haiku-4-5-20251001` → its name and its date. */
const DATED = /^(.+)-(\d{8})$/

/** `claude-opus-5[1m]`: how a client asks for the long context of a model. */
const CONTEXT_SUFFIX = '[1m]'

const BY_NAME = new Map(BUILTIN_MODELS.flatMap(model => namesOf(model).map(name => [name, model])))
const BY_VERTEX_FORM = new Map(BUILTIN_MODELS.flatMap(model => vertexForms(model).map(form => [form, model])))

/** Words that make a name one of a Claude family's. */
const FAMILIES = [...new Set(BUILTIN_MODELS.map(({ family }) => family))]
const OF_FAMILY = `(?:\\d+-)*(?:${FAMILIES.join('|')})(?:-[a-z0-9]+)*`

/** `opus-4-8` in `anthropic/opus-4-8` and in `arn:aws:bedrock:…/us.anthropic.claude-opus-4-8`, nothing in `corp-opus-4-8`. */
const SPELLED = new RegExp(`(?<![a-z0-9-])(?:claude-([a-z0-9]+(?:-[a-z0-9]+)*)|(${OF_FAMILY}))`, 'g')

/** `opus-4-8` also in `corp-opus-4-8` and `corp-claude-opus-4-8`. */
const MENTIONED = [
  /(?<![a-z0-9])claude-([a-z0-9]+(?:-[a-z0-9]+)*)/g,
  new RegExp(`(?<![a-z0-9])(${OF_FAMILY})`, 'g'),
]

/** What follows a version: `-20250805-v1`, `-latest`. */
const TAIL = /(?:-(?:\d{8}|latest|default))?(?:-v\d+)?$/

/** The first-party names of a built-in: id, aliases, dated ids. */
export function namesOf(model: BuiltinModel): string[] {
  return [...new Set([model.id, ...model.aliases, ...model.datedIds])]
}

/** Every built-in with the spellings that its providers document; what checks the configuration compares with them. */
export function builtinNames(): { id: string; names: readonly string[] }[] {
  return BUILTIN_MODELS.map(model => {
    const names = [...namesOf(model), ...vertexForms(model), ...bedrockForms(model)]
    return { id: model.id, names: names.filter(name => name !== model.id) }
  })
}

/**
 * The built-in that `spelling`, in lower case, names; null when there is none.
 *
 * A date is part of the name: one that the table does not know leads nowhere, and a bare family word neither.
 */
export function builtinFor(spelling: string): BuiltinModel | null {
  const direct = BY_NAME.get(spelling) ?? BY_VERTEX_FORM.get(spelling)
  if (direct !== undefined) return direct
  const name = BEDROCK_FORM.exec(spelling)?.[1]
  return (name === undefined ? undefined : BY_NAME.get(name)) ?? null
}

/** `id`, in lower case, without one trailing `[1m]`; null when it has none. */
export function withoutContextSuffix(id: string): string | null {
  return id.endsWith(CONTEXT_SUFFIX) ? id.slice(0, -CONTEXT_SUFFIX.length) : null
}

/** `<name>@<date>` for every undated name and every known date of the model. */
function vertexForms(model: BuiltinModel): string[] {
  const dated = model.datedIds.map(id => DATED.exec(id)).filter(match => match !== null)
  const names = [...model.aliases, ...dated.map(match => match[1])]
  const forms = dated.flatMap(match => names.map(name => `${name}@${match[2]}`))
  return [...new Set(forms)]
}

/** The forms of Bedrock with the prefixes that exist; `BEDROCK_FORM` reads any prefix. */
function bedrockForms(model: BuiltinModel): string[] {
  return ['', ...model.ids.bedrockPrefixes].flatMap(prefix =>
    namesOf(model).flatMap(name => ['', '-v1', '-v1:0'].map(end => `${prefix}anthropic.${name}${end}`)),
  )
}

/**
 * The versions that `text` spells, without `claude-`, date and provider's version: `opus-4-8`.
 *
 * Reads what no client sends but an operator may write: ARNs, paths, percent-encoding, dots, unknown dates.
 */
export function versionsSpelledBy(text: string): string[] {
  return matchesOf([SPELLED], text)
}

/** The same, and versions that stand inside other names; for refusing only, as it may find more than is meant. */
export function versionsMentionedIn(text: string): string[] {
  return matchesOf(MENTIONED, text)
}

/** The families whose word stands alone somewhere in `text`. */
export function familiesMentionedIn(text: string): BuiltinModel['family'][] {
  const words = new Set(readableForm(text).split(/[^a-z0-9]+/))
  return FAMILIES.filter(family => words.has(family))
}

/** The built-in that an upstream's own id stands for, in the form of any provider; null when none, or more than one. */
export function builtinBehind(upstreamModel: string): BuiltinModel | null {
  const versions = versionsSpelledBy(upstreamModel)
  const [model, ...others] = new Set(versions.map(builtinOfVersion))
  return others.length === 0 ? (model ?? null) : null
}

/** The built-in of a version such as `opus-4-8`; null when there is none. */
export function builtinOfVersion(version: string): BuiltinModel | null {
  return BY_NAME.get(`claude-${version}`) ?? null
}

function matchesOf(forms: readonly RegExp[], text: string): string[] {
  const readable = readableForm(text)
  const found = forms.flatMap(form => [...readable.matchAll(form)])
  return [...new Set(found.map(match => (match[1] ?? match[2] ?? '').replace(TAIL, '')))]
}

/** In lower case, percent-encoding undone, and every separator inside a name a hyphen. */
function readableForm(text: string): string {
  return text
    .replaceAll(/%[0-7][0-9a-f]/gi, code => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/(?<=\d)\.(?=\d)|[\s_]+/g, '-')
}
