// A strict reader of Prometheus' text format 0.0.4: what promtool would complain of is an error here.
import assert from 'node:assert/strict'

export interface Family {
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const TYPES = ['counter', 'gauge', 'histogram']
const VALUE = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i

/** Reads a page, by family; throws with the line that is wrong. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line has no end')
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>()
  let current: { name: string; family: { type: string; help: string; samples: Sample[] } } | null = null
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line)
    const type = /^# TYPE (\S+) (\S+)$/.exec(line)
    if (help !== null) {
      const [, name = '', words = ''] = help
      assert.match(name, NAME, line)
      assert.ok(!families.has(name), `twice: ${line}`)
      current = { name, family: { type: '', help: words, samples: [] } }
      families.set(name, current.family)
    } else if (type !== null) {
      const [, name, kind = ''] = type
      assert.ok(current !== null && current.name === name && current.family.type === '', line)
      assert.ok(TYPES.includes(kind) && current.family.samples.length === 0, line)
      current.family.type = kind
    } else {
      assert.ok(current !== null && current.family.type !== '', `no family: ${line}`)
      current.family.samples.push(sampleOf(line, current.name, current.family.type))
    }
  }
  for (const [name, family] of families) check(name, family)
  return families
}

function sampleOf(line: string, family: string, type: string): Sample {
  const read = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line)
  assert.ok(read !== null, `no sample: ${line}`)
  const [, name = '', inner, value = ''] = read
  const suffix = name.slice(family.length)
  const allowed = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  assert.ok(name.startsWith(family) && allowed.includes(suffix), `another family's: ${line}`)
  assert.match(value, VALUE, line)
  return { name, labels: labelsOf(inner, line), value: Number(value.replace('Inf', 'Infinity')) }
}

function labelsOf(inner: string | undefined, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  if (inner === undefined) return labels
  let rest = inner
  while (rest !== '') {
    const pair = /^([^=,{}"\s]+)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/.exec(rest)
    assert.ok(pair !== null, `no label: ${line}`)
    const [whole, name = '', value = '', comma] = pair
    assert.match(name, LABEL, line)
    assert.ok(!Object.hasOwn(labels, name), `label twice: ${line}`)
    labels[name] = value.replaceAll(/\\(.)/g, (_all, escaped) => (escaped === 'n' ? '\n' : escaped))
    rest = rest.slice(whole.length)
    assert.ok(comma !== ',' || rest !== '', `a comma too many: ${line}`)
  }
  return labels
}

function check(name: string, { type, samples }: Family): void {
  assert.ok(samples.length > 0, `${name} has no samples`)
  const seen = samples.map(sample => JSON.stringify([sample.name, Object.entries(sample.labels).toSorted()]))
  assert.equal(new Set(seen).size, seen.length, `${name} has a series twice`)
  if (type === 'counter') {
    assert.ok(name.endsWith('_total'), `${name} is a counter`)
    for (const { value } of samples) assert.ok(value >= 0, name)
  }
  if (type === 'histogram') checkHistogram(name, samples)
}

/** Buckets grow from bound to bound, and the last one holds all. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = Map.groupBy(samples, ({ labels }) => {
    const { le: _, ...others } = labels
    return JSON.stringify(Object.entries(others).toSorted())
  })
  for (const [labels, group] of groups) {
    const buckets = group.filter(sample => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')))
    const counts = buckets.map(({ value }) => value)
    const whole = group.filter(sample => sample.name !== `${name}_bucket`)
    const rising = (values: readonly number[]) =>
      values.every((value, i) => i === 0 || value >= values[i - 1]!) // i > 0
    assert.ok(rising(bounds) && new Set(bounds).size === bounds.length, `${name}${labels}: bounds`)
    assert.ok(rising(counts), `${name}${labels}: counts`)
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name}${labels}: no +Inf`)
    assert.deepEqual(whole.map(sample => sample.name).toSorted(), [`${name}_count`, `${name}_sum`])
    assert.equal(whole.find(sample => sample.name.endsWith('_count'))?.value, counts.at(-1))
  }
}
