import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { createLineWriter, descriptorSink } from '../../app/lib/line-writer.ts'

/** A sink that takes a batch only when told to, as a reader does that has stopped. */
function blockedSink() {
  const taken: string[] = []
  let finish: (() => void) | null = null
  return {
    taken,
    write(chunk: Buffer, done: () => void) {
      taken.push(chunk.toString())
      finish = done
    },
    release() {
      const done = finish
      finish = null
      done?.()
    },
  }
}

test('lines that come close together are one write', async () => {
  const sink = blockedSink()
  const writer = createLineWriter({ sink, clock: () => 0 })
  writer.operational('a')
  writer.audit('b')
  writer.audit('c')

  void writer.flush()

  assert.deepEqual(sink.taken, ['a\nb\nc\n'])
})

test('when the buffer is full operational lines go first, the oldest first, and audit lines stay', async () => {
  const sink = blockedSink()
  const writer = createLineWriter({ sink, clock: () => 0, maxBytes: 60 })
  writer.operational('in flight')
  void writer.flush()
  for (const name of ['log 1', 'log 2', 'log 3']) writer.operational(name.padEnd(12, '.'))
  writer.operational('one too many')

  writer.audit('audit 1'.padEnd(12, '.'))
  writer.audit('audit 2'.padEnd(12, '.'))
  sink.release()

  assert.equal(sink.taken[1], 'log 3.......\naudit 1.....\naudit 2.....\n')
})

test('lost audit lines are counted and told as soon as writing works again', async () => {
  const sink = blockedSink()
  const clock = { now: 1000 }
  const writer = createLineWriter({ sink, clock: () => clock.now, maxBytes: 30 })
  writer.describeLoss((dropped, since) => `gap ${dropped} since ${since}`)
  writer.audit('first audit line')
  void writer.flush()
  writer.audit('second audit line')
  clock.now = 2000
  writer.audit('third audit line')
  sink.release()

  writer.audit('fourth')
  void writer.flush()
  sink.release()

  assert.deepEqual(sink.taken, ['first audit line\n', 'gap 2 since 1000\n', 'fourth\n'])
  assert.equal(writer.lostAuditLines, 2)
})

test('flush resolves when everything has been handed over', async () => {
  const sink = blockedSink()
  const writer = createLineWriter({ sink, clock: () => 0 })
  await writer.flush()
  writer.audit('a')
  void writer.flush()
  const flushed = writer.flush()

  sink.release()

  await flushed
  assert.deepEqual(sink.taken, ['a\n'])
})

test('a reader that stops reading a pipe stops nobody, and learns later what it missed', async () => {
  const program = `
    import { createLineWriter, descriptorSink } from ${JSON.stringify(new URL('../../app/lib/line-writer.ts', import.meta.url))}
    const writer = createLineWriter({ sink: descriptorSink(2), clock: () => 0 })
    writer.describeLoss(dropped => 'gap ' + dropped)
    const line = 'x'.repeat(1023)
    for (let i = 0; i < 20_000; i += 1) writer.audit(line)
    process.stdin.once('data', async () => {
      await writer.flush()
      process.exit(0)
    })
    process.stdout.write('still here')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  // Nobody reads the child's standard error yet, and 20 MiB do not fit into a pipe.
  const [alive] = await once(child.stdout, 'data')
  assert.equal(String(alive), 'still here')

  const lines: string[] = []
  child.stderr.setEncoding('utf8')
  let text = ''
  child.stderr.on('data', chunk => {
    text += chunk
  })
  child.stdin.write('read')
  const [code] = await once(child, 'close')
  lines.push(...text.trimEnd().split('\n'))

  assert.equal(code, 0)
  const gap = lines.find(line => line.startsWith('gap ')) ?? ''
  assert.equal(lines.length - 1 + Number(gap.slice(4)), 20_000)
  assert.ok(text.length > 8 * 1024 * 1024 - 64 * 1024)
})

test('a descriptor that cannot be written to loses its lines, and nothing else happens', async () => {
  const writer = createLineWriter({ sink: descriptorSink(1_000_000), clock: () => 0 })
  writer.audit('a')

  await writer.flush()
})
