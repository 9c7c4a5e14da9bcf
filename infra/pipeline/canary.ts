// Writes the canary into an environment's settings file, in the workspace of a deployment: nothing is committed.
//   node infra/pipeline/canary.ts <file> <percent> <stable revision>    shares the traffic
//   node infra/pipeline/canary.ts <file> none                           all of it to the newest revision
// A `pinnedRevision` stays: the settings refuse it beside a canary, so a release waits until somebody removes it.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseDocument } from 'yaml'

const USAGE = 'usage: node infra/pipeline/canary.ts <file> none | <percent> <stable revision>'
const CANARY = ['service', 'canary']

const [file, percent, stableRevision] = process.argv.slice(2)
const isDropped = percent === 'none' && stableRevision === undefined
const isShared = /^[0-9]{1,2}$/.test(percent ?? '') && /^[a-z][a-z0-9-]+$/.test(stableRevision ?? '')
if (file === undefined || (!isDropped && !isShared)) {
  process.stderr.write(`${USAGE}\n`)
  process.exit(2)
}

const settings = parseDocument(readFileSync(file, 'utf8'))
if (isShared) settings.setIn(CANARY, settings.createNode({ percent: Number(percent), stableRevision }))
else if (settings.hasIn(CANARY)) settings.deleteIn(CANARY)
writeFileSync(file, settings.toString())
