// What validating a body costs, beside JSON.parse: node bench/body-scanner.ts (a few seconds, one core).
import { performance } from 'node:perf_hooks'
import { BodyScanner } from '../app/inference/body-scanner.ts'

const CHUNK = 64 * 1024
const ROUNDS = 15

/** Code as a prompt carries it: short lines, indentation, quotes, now and then a letter outside ASCII. */
const CODE = `import { createHash } from 'node:crypto'

export function digestOf(parts: readonly string[], separator = "\\n"): string {
  const hash = createHash("sha256")
  for (const part of parts) {
    if (part === "") continue // "empty" parts count for nothing – façade
\thash.update(part).update(separator)
  }
  return hash.digest("hex")
}
`

/** Prose: long runs without any escape. */
const PROSE =
  'The gateway relays what the developer sends and answers what the upstream says, byte for byte. '

function bodyOf(text: string, bytes: number): Buffer {
  const content = text.repeat(Math.ceil(bytes / text.length))
  const body = {
    model: 'claude-sonnet-4-5-20250929',
    max_tokens: 8192,
    stream: true,
    system: [{ type: 'text', text: content.slice(0, bytes / 10), cache_control: { type: 'ephemeral' } }],
    messages: Array.from({ length: 9 }, (_, turn) => ({
      role: turn % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text: content.slice(0, bytes / 10) }],
    })),
  }
  return Buffer.from(JSON.stringify(body))
}

function chunksOf(body: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += CHUNK) chunks.push(Buffer.from(body.subarray(at, at + CHUNK)))
  return chunks
}

/** Milliseconds per call: the best round's mean, so that a neighbour on the machine does not count. */
function time(repeats: number, work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let repeat = 0; repeat < repeats; repeat++) work()
    best = Math.min(best, (performance.now() - start) / repeats)
  }
  return best
}

/** The longest that one chunk keeps the event loop, in milliseconds, over a hundred bodies. */
function longestStretch(chunks: readonly Buffer[]): number {
  let longest = 0
  for (let repeat = 0; repeat < 100; repeat++) {
    const scanner = new BodyScanner()
    for (const chunk of chunks) {
      const start = performance.now()
      scanner.push(chunk)
      longest = Math.max(longest, performance.now() - start)
    }
  }
  return longest
}

function scan(chunks: readonly Buffer[]): void {
  const scanner = new BodyScanner()
  for (const chunk of chunks) scanner.push(chunk)
  if (scanner.end().kind !== 'object') throw new Error('the bench made a body that is no object')
}

const cases = [
  { name: 'code 2 KB', body: bodyOf(CODE, 2_000), repeats: 4000 },
  { name: 'code 100 KB', body: bodyOf(CODE, 95_000), repeats: 150 },
  { name: 'code 1 MB', body: bodyOf(CODE, 950_000), repeats: 15 },
  { name: 'prose 1 MB', body: bodyOf(PROSE, 998_000), repeats: 15 },
  { name: 'numbers 1 MB', body: Buffer.from(JSON.stringify({ a: Array(170_000).fill(-1.5) })), repeats: 8 },
  { name: 'brackets 1 MB', body: Buffer.from(JSON.stringify({ a: Array(333_000).fill([]) })), repeats: 8 },
]

const rows = cases.map(({ name, body, repeats }) => {
  const chunks = chunksOf(body)
  return {
    body: name,
    bytes: body.length,
    'scanner ms': time(repeats, () => scan(chunks)).toFixed(3),
    'JSON.parse ms': time(repeats, () => JSON.parse(Buffer.concat(chunks).toString('utf8'))).toFixed(3),
    'longest stretch ms': longestStretch(chunks).toFixed(3),
  }
})
console.table(rows)
