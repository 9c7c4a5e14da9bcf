// Preloaded into a program that must be a function of its files: what leaves the process ends it, and clock and chance
// answer what POISON says, after noting who asked. Plain JavaScript, because it is loaded before anything else.
import child_process from 'node:child_process'
import crypto from 'node:crypto'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import os from 'node:os'

const poison = Number(process.env.POISON)
const asked = new Set()

function denied(what) {
  return () => {
    process.stderr.write(`denied: ${what}\n`)
    process.exit(99)
  }
}

/** Notes the package or file that asks, and answers `answer`. */
function poisoned(what, answer) {
  return () => {
    const caller = new Error().stack?.split('\n')[2] ?? ''
    const place = /([^/]+)\/[^/]+:\d+:\d+\)?$/.exec(caller)?.[1] ?? caller.trim()
    asked.add(`${what} by ${place}`)
    return answer
  }
}

net.Socket.prototype.connect = denied('a connection')
net.Server.prototype.listen = denied('a listener')
dgram.Socket.prototype.bind = denied('a datagram')
dgram.Socket.prototype.send = denied('a datagram')
for (const holder of [dns, dns.promises]) {
  for (const name of Object.keys(holder).filter(name => /^(lookup|resolve|reverse)/.test(name))) {
    holder[name] = denied('a name server')
  }
}
for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) {
  child_process[name] = denied('another program')
}
for (const name of ['homedir', 'hostname', 'userInfo', 'networkInterfaces']) os[name] = denied(`os.${name}`)

for (const name of ['randomBytes', 'randomUUID', 'randomInt', 'randomFillSync', 'randomFill']) {
  crypto[name] = denied(`crypto.${name}`)
}
globalThis.crypto.getRandomValues = denied('crypto.getRandomValues')
globalThis.crypto.randomUUID = denied('crypto.randomUUID')
Math.random = poisoned('Math.random', poison / 1e6)

const SystemDate = Date
globalThis.Date = class extends SystemDate {
  constructor(...words) {
    if (words.length === 0) denied('new Date()')()
    super(...words)
  }
}
Date.now = poisoned('Date.now', poison)
process.hrtime = Object.assign(denied('process.hrtime'), { bigint: denied('process.hrtime') })
performance.now = denied('performance.now')
syncBuiltinESMExports()

process.on('exit', () => process.stderr.write([...asked].sort().join('\n')))
