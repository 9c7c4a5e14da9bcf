// How long `npm run synth` takes, as a process: the first time in a fresh clone, and once the modules are compiled.
//
// usage: node bench/synth.ts [--rounds 9] [--env prod]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { spread } from './statistics.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, env: { type: 'string', default: 'prod' } },
})
const root = join(import.meta.dirname, '..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// Such as `node --max-semi-space-size=4 infra/main.ts`.
const words = String(scripts.synth).split(' ').slice(1)

/** Loaded before the program: says at its end what it weighed, in kilobytes. */
const WEIGH = `data:text/javascript,process.on('exit',()=>console.log(process.resourceUsage().maxRSS))`

const caches = mkdtempSync(join(tmpdir(), 'gatehouse-bench-synth-'))
try {
  const rounds = Array.from({ length: Number(values.rounds) }, (_, round) => {
    const cache = join(caches, `cache-${round}`)
    const first = synthesize(cache)
    return { first, again: synthesize(cache) }
  })
  report(
    'fresh clone',
    rounds.map(({ first }) => first),
  )
  report(
    'compiled',
    rounds.map(({ again }) => again),
  )
} finally {
  rmSync(caches, { recursive: true })
}

interface Run {
  readonly ms: number
  readonly megabytes: number
}

function synthesize(cache: string): Run {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const env = { ...inherited, GATEHOUSE_ENV: values.env, NODE_COMPILE_CACHE: cache }
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', WEIGH, ...words], {
    ...{ cwd: root, env, encoding: 'utf8' },
  })
  if (status !== 0) throw new Error(stderr)
  return { ms: performance.now() - start, megabytes: Number(stdout) / 1024 }
}

function report(title: string, runs: readonly Run[]): void {
  const { q1, median, q3 } = spread(runs.map(({ ms }) => ms))
  const weight = spread(runs.map(({ megabytes }) => megabytes)).median
  const times = [median, q1, q3].map(value => value.toFixed(0))
  console.log(`${title}: ${times[0]} ms (quartiles ${times[1]} to ${times[2]}), ${weight.toFixed(0)} MB`)
}
