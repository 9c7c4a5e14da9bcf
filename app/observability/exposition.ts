// The text that Prometheus reads: version 0.0.4 of its exposition format.
import { BUCKETS, type Instrument } from './instruments.ts'
import { Distribution, type Labels, type LabelValue, type Point, type Reading } from './series.ts'

/** The content type of the page. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** One instrument's lines: help, type, samples. */
export function expositionOf({ name, instrument, points }: Reading): string {
  const family = familyName(name, instrument)
  const head = `# HELP ${family} ${helpText(instrument.help)}\n# TYPE ${family} ${typeOf(instrument)}\n`
  return head + points.map(point => samples(family, point)).join('')
}

/** `target_info`, which carries what all series have in common (OpenTelemetry's rules for Prometheus). */
export function targetInfo(resource: Labels): string {
  const head =
    '# HELP target_info What all series of this process have in common.\n# TYPE target_info gauge\n'
  return `${head}target_info${labelText(Object.entries(resource))} 1\n`
}

/** `gatehouse.inference.duration` in `s` → `gatehouse_inference_duration_seconds` (T-28). */
export function familyName(name: string, { kind, unit }: Pick<Instrument, 'kind' | 'unit'>): string {
  const parts = [plainName(name)]
  const spelled = UNITS[unit]
  if (spelled !== undefined && !parts[0]?.endsWith(`_${spelled}`)) parts.push(spelled)
  if (kind === 'counter') parts.push('total')
  return parts.join('_')
}

const UNITS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes', USD: 'usd' }

function typeOf({ kind }: Instrument): 'counter' | 'gauge' | 'histogram' {
  return kind === 'up_down_counter' ? 'gauge' : kind
}

function samples(family: string, { labels, value }: Point): string {
  const pairs = Object.entries(labels)
  if (!(value instanceof Distribution)) return `${family}${labelText(pairs)} ${value.value}\n`
  let text = ''
  let below = 0
  for (const [index, count] of value.counts.entries()) {
    below += count
    text += `${family}_bucket${labelText([...pairs, ['le', BUCKETS[index] ?? '+Inf']])} ${below}\n`
  }
  const shown = labelText(pairs)
  return `${text}${family}_sum${shown} ${value.sum}\n${family}_count${shown} ${value.count}\n`
}

function labelText(pairs: readonly (readonly [string, LabelValue])[]): string {
  if (pairs.length === 0) return ''
  return `{${pairs.map(([label, value]) => `${plainName(label)}="${escaped(String(value))}"`).join(',')}}`
}

function plainName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_')
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function helpText(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
