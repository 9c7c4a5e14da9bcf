// Where measurements are added up: an own sum per series, as the hot path may pay for an addition and no more.
import type { Log } from '../lib/log.ts'
import {
  BUCKETS,
  INSTRUMENTS,
  type Instrument,
  type InstrumentName,
  type InstrumentOf,
} from './instruments.ts'

/** A value of a label: from code, the configuration or the model data. */
export type LabelValue = string | number | boolean

/** A series of a counter or a gauge. */
export class Amount {
  value = 0

  add(amount: number): void {
    this.value += amount
  }

  set(value: number): void {
    this.value = value
  }
}

/** A series of a histogram. */
export class Distribution {
  /** One more than there are bounds: the last one is for what lies beyond. */
  readonly counts: number[] = new Array(BUCKETS.length + 1).fill(0)
  count = 0
  sum = 0

  /** Records seconds; a clock that was wrong counts as none. */
  record(value: number): void {
    const seconds = Math.max(value, 0)
    let bucket = 0
    while (bucket < BUCKETS.length && seconds > BUCKETS[bucket]!) bucket += 1 // the bound is the loop's
    this.counts[bucket]! += 1 // `bucket` is at most the last place
    this.count += 1
    this.sum += seconds
  }
}

/** The series of one instrument, by the values of its labels. */
export interface Family<S> {
  /** The series of these values, in the order of the table; a new one begins at zero. */
  of(...values: readonly LabelValue[]): S
}

/** Counters and gauges. */
export type AmountName = InstrumentOf<'counter' | 'up_down_counter' | 'gauge'>

/** Everything that is measured. */
export interface Measurements {
  amounts(name: AmountName): Family<Amount>
  distributions(name: InstrumentOf<'histogram'>): Family<Distribution>
  /** What has series, in the order of the table. */
  read(): readonly Reading[]
}

/** One instrument with what was measured. */
export interface Reading {
  readonly name: InstrumentName
  readonly instrument: Instrument
  readonly points: readonly Point[]
}

export interface Point {
  readonly labels: Labels
  readonly value: Amount | Distribution
}

export type Labels = Readonly<Record<string, LabelValue>>

/** More series than an instrument may hold become one, with this label (T-31). */
const OVERFLOW: Labels = { 'otel.metric.overflow': true }

/** The one for the overflow included. */
export const MAX_SERIES = 2000

export function createMeasurements(log: Log): Measurements {
  const amounts = new Map<InstrumentName, SeriesFamily<Amount>>()
  const distributions = new Map<InstrumentName, SeriesFamily<Distribution>>()
  return {
    amounts: name => opened(amounts, name, () => new SeriesFamily(name, () => new Amount(), log)),
    distributions: name =>
      opened(distributions, name, () => new SeriesFamily(name, () => new Distribution(), log)),
    read: () =>
      (Object.keys(INSTRUMENTS) as InstrumentName[]).flatMap(name => {
        const points = (amounts.get(name) ?? distributions.get(name))?.points() ?? []
        return points.length === 0 ? [] : [{ name, instrument: INSTRUMENTS[name], points }]
      }),
  }
}

function opened<K, V>(map: Map<K, V>, key: K, open: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = open()
  map.set(key, made)
  return made
}

/** A step from one label's value to the next one's: no text is made to find a series. */
class Branch<S> {
  readonly next = new Map<LabelValue, Branch<S>>()
  series: S | null = null
}

class SeriesFamily<S extends Amount | Distribution> implements Family<S> {
  readonly #name: InstrumentName
  readonly #begin: () => S
  readonly #log: Log
  readonly #root = new Branch<S>()
  readonly #points: Point[] = []
  #overflow: S | null = null

  constructor(name: InstrumentName, begin: () => S, log: Log) {
    this.#name = name
    this.#begin = begin
    this.#log = log
  }

  of(...values: readonly LabelValue[]): S {
    let branch: Branch<S> | undefined = this.#root
    for (let index = 0; index < values.length && branch !== undefined; index += 1)
      branch = branch.next.get(values[index]!) // the bounds are the loop's
    return branch?.series ?? this.#opened(values)
  }

  points(): readonly Point[] {
    return this.#points
  }

  #opened(values: readonly LabelValue[]): S {
    if (this.#points.length >= MAX_SERIES - 1) return this.#beyond()
    const series = this.#begin()
    let branch = this.#root
    for (const value of values) {
      const next = branch.next.get(value) ?? new Branch<S>()
      branch.next.set(value, next)
      branch = next
    }
    branch.series = series
    const pairs = INSTRUMENTS[this.#name].labels.map((label, index) => [label, values[index] ?? ''] as const)
    this.#points.push({ labels: Object.fromEntries(pairs), value: series })
    return series
  }

  #beyond(): S {
    if (this.#overflow !== null) return this.#overflow
    this.#log.warn(
      `the metric ${this.#name} has ${MAX_SERIES} series, and no more: what is new is counted together`,
    )
    this.#overflow = this.#begin()
    this.#points.push({ labels: OVERFLOW, value: this.#overflow })
    return this.#overflow
  }
}
