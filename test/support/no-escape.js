// Preloaded into every process of a test run: whatever is not this machine's own loopback is out of reach.
// Plain JavaScript, because a test may start a child on a Node.js that does not read TypeScript.
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const LOOPBACK = new net.BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

const isLoopback = address => net.isIP(address) !== 0 && LOOPBACK.check(address, `ipv${net.isIP(address)}`)
const isLocalName = host => /(^|\.)localhost\.?$/i.test(host)

function escaped(target) {
  return Object.assign(new Error(`a test tried to reach ${target}`), { code: 'ERR_TEST_ESCAPE' })
}

/** Lets `lookup` answer loopback addresses only. */
function guarded(lookup) {
  return (host, options, callback) => {
    const done = typeof options === 'function' ? options : callback
    lookup(host, typeof options === 'function' ? {} : options, (error, answer, family) => {
      if (error) return done(error)
      const addresses = Array.isArray(answer) ? answer.map(({ address }) => address) : [answer]
      const outside = addresses.find(address => !isLoopback(address))
      return outside ? done(escaped(`${host} (${outside})`)) : done(null, answer, family)
    })
  }
}

const systemLookup = dns.lookup
dns.lookup = (host, options, callback) => {
  const done = typeof options === 'function' ? options : callback
  if (host && net.isIP(host) === 0 && !isLocalName(host)) return void process.nextTick(done, escaped(host))
  return systemLookup(host, options, callback)
}
const systemLookupPromise = dns.promises.lookup
dns.promises.lookup = async (host, options) => {
  if (host && net.isIP(host) === 0 && !isLocalName(host)) throw escaped(host)
  return systemLookupPromise(host, options)
}
for (const holder of [dns, dns.promises]) {
  for (const name of Object.keys(holder).filter(name => /^(resolve|reverse|lookupService)/.test(name))) {
    holder[name] = () => {
      throw escaped(`a name server (dns.${name})`)
    }
  }
}

const systemConnect = net.Socket.prototype.connect
net.Socket.prototype.connect = function connect(...words) {
  // The same reading of (port, host), (path) and (options) that the method itself does.
  const [options, callback] = Array.isArray(words[0]) ? words[0] : net._normalizeArgs(words)
  const { host, path } = options
  if (path === undefined && host) {
    if (net.isIP(host) !== 0 && !isLoopback(host)) {
      process.nextTick(() => this.destroy(escaped(host)))
      return this
    }
    options.lookup = guarded(options.lookup ?? dns.lookup)
  }
  return callback ? systemConnect.call(this, options, callback) : systemConnect.call(this, options)
}

for (const name of ['send', 'connect']) {
  const system = dgram.Socket.prototype[name]
  dgram.Socket.prototype[name] = function datagram(...words) {
    const host = words.find(word => typeof word === 'string' && words.indexOf(word) > 0)
    if (host !== undefined && !isLoopback(host) && !isLocalName(host)) throw escaped(host)
    return system.apply(this, words)
  }
}
syncBuiltinESMExports()

// Children of this process load this file, too.
const preload = `--import=${import.meta.url}`
const inherited = process.env.NODE_OPTIONS ?? ''
if (!inherited.includes(preload)) process.env.NODE_OPTIONS = `${inherited} ${preload}`.trim()
