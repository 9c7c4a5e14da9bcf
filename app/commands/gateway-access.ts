// Where the running gateway is, and the key for its Admin API; the key comes from a variable or a file, and goes nowhere else.
import type { Environment, GatewayVariables } from '../config/environment.ts'
import { decodeUtf8, type ReadFile } from '../config/expand.ts'
import type { GatewayArguments } from '../config/gateway-arguments.ts'
import { judgeHost } from '../net/ssrf-guard.ts'
import { CommandFault } from './command-fault.ts'

export interface GatewayAccess {
  readonly origin: string
  readonly key: string
}

export interface AccessSources {
  readonly environment: Pick<Environment, 'allowLoopback'>
  readonly variables: GatewayVariables
  readonly readFile: ReadFile
}

/** What the command line says, else the environment; throws a `CommandFault`. */
export function gatewayAccess(asked: GatewayArguments, sources: AccessSources): GatewayAccess {
  return { origin: originOf(asked, sources), key: keyOf(asked, sources) }
}

function originOf(asked: GatewayArguments, { variables, environment }: AccessSources): string {
  const [source, text] = asked.url === null ? ['GATEHOUSE_URL', variables.url] : ['--url', asked.url]
  if (text === undefined)
    throw new CommandFault('which gateway? Give --url https://gateway.example.com, or set GATEHOUSE_URL')
  const url = URL.parse(text)
  const isBare = url !== null && url.username === '' && url.password === '' && `${url.origin}/` === url.href
  if (!isBare || !/^https?:$/.test(url.protocol))
    throw new CommandFault(`${source} needs an origin such as https://gateway.example.com`)
  if (url.protocol === 'http:') {
    if (judgeHost(url.hostname) !== 'loopback')
      throw new CommandFault(`${source} needs https: over http the admin key could be read on the way`)
    if (!environment.allowLoopback)
      throw new CommandFault(`${source} is loopback: set CLAUDE_GATEWAY_ALLOW_LOOPBACK=1 to allow it`)
  }
  return url.origin
}

const MAX_KEY_BYTES = 4096

function keyOf({ keyFile }: GatewayArguments, { variables, readFile }: AccessSources): string {
  if (keyFile === null) {
    if (variables.adminKey === undefined)
      throw new CommandFault(
        'which key? Set GATEHOUSE_ADMIN_KEY to a key of admin.write_keys or admin.read_keys, or give --key-file FILE',
      )
    return fitKey(variables.adminKey, 'GATEHOUSE_ADMIN_KEY')
  }
  const read = readFile(keyFile, MAX_KEY_BYTES)
  if (read.kind === 'failed') throw new CommandFault(`--key-file cannot be read (${read.code})`)
  return fitKey(decodeUtf8(read.bytes)?.replace(/\r?\n$/, '') ?? '', '--key-file')
}

/** As `admin` takes keys; the key itself is in no message. */
function fitKey(key: string, source: string): string {
  if (/^[!-~][ -~]{30,510}[!-~]$/.test(key)) return key
  throw new CommandFault(
    `${source} holds no key: one line of 32 to 512 printable ASCII characters is needed, without spaces at its ends`,
  )
}
