// Compares Gatehouse with a direct connection, nginx and another gateway in one interleaved run on loopback.
//
// usage: npm run bench -- [--arms direct,nginx,portkey,gatehouse] [--rounds 7] [--streams 1000,5000]
//        [--stream-seconds 30] [--cases '2 KB'] [--skip-requests] [--out FILE]
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Arm, startArms } from './arms.ts'
import { forkOn, nextMessage, stop } from './process.ts'
import { compareRequests } from './requests.ts'
import { compareStreams } from './streams.ts'

const { values } = parseArgs({
  options: {
    arms: { type: 'string', default: 'direct,nginx,portkey,gatehouse' },
    rounds: { type: 'string', default: '7' },
    streams: { type: 'string', default: '1000,5000' },
    'stream-seconds': { type: 'string', default: '30' },
    cases: { type: 'string', default: '' },
    'skip-requests': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})

const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })

const upstream = forkOn(1, new URL('upstream.ts', import.meta.url))
const { port: upstreamPort } = await nextMessage<{ port: number }>(upstream)
let arms: Arm[] = []
try {
  arms = await startArms(values.arms.split(','), upstreamPort, folder)
  console.log(
    `# ${new Date().toISOString()}  node ${process.version}  ${cpus().length} x ${cpus()[0]?.model ?? '?'}`,
  )
  const requests = values['skip-requests']
    ? []
    : await compareRequests(arms, { rounds: Number(values.rounds), cases: values.cases })
  const counts = values.streams.split(',').map(Number).filter(Boolean)
  const streams = await compareStreams(arms, counts, Number(values['stream-seconds']))
  const file = values.out ?? join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`)
  writeFileSync(
    file,
    JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, requests, streams }, null, 1),
  )
  console.log(`raw figures: ${file}`)
} finally {
  for (const arm of arms) await arm.close()
  await stop(upstream)
}
process.exit(0)
