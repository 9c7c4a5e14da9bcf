/** A destination that is reached past the forward proxy, as `NO_PROXY` names it. */
export interface ProxyException {
  /** In lower case, without brackets; `*` is everything, and a leading dot means all names below. */
  readonly host: string
  /** Null: every port. */
  readonly port: number | null
}

/** What `NO_PROXY` says, and which of its entries match nothing. */
export interface ReadExceptions {
  readonly exceptions: readonly ProxyException[]
  readonly unreadable: readonly string[]
}

/**
 * Reads a comma list of exact hosts, domains with a leading dot (the names below, not the domain itself), each
 * optionally with `:port`, and `*`. There are no ranges and no other wildcards (T-15, H-37).
 */
export function readProxyExceptions(text: string): ReadExceptions {
  const exceptions: ProxyException[] = []
  const unreadable: string[] = []
  for (const entry of text.split(',').map(each => each.trim().toLowerCase())) {
    if (entry === '') continue
    const read = readEntry(entry)
    if (read === null) unreadable.push(entry)
    else exceptions.push(read)
  }
  return { exceptions, unreadable }
}

function readEntry(entry: string): ProxyException | null {
  if (entry === '*') return { host: '*', port: null }
  // An IPv6 address without brackets has no port.
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/.test(entry)) return { host: normalised(entry), port: null }
  const [, bracketed, name, digits] =
    /^(?:\[([0-9a-f:.]+)\]|(\.?[^\s:*/[\]]+))(?::(\d{1,5}))?$/.exec(entry) ?? []
  const host = bracketed ?? name
  if (host === undefined) return null
  return { host: normalised(host), port: digits === undefined ? null : Number(digits) }
}

/** Reports whether `host`, as a parsed URL has it, is reached at `port` past the proxy. */
export function isProxyException(
  exceptions: readonly ProxyException[],
  { host, port }: { host: string; port: number },
): boolean {
  const name = normalised(host)
  return exceptions.some(exception => {
    if (exception.port !== null && exception.port !== port) return false
    if (exception.host === '*' || exception.host === name) return true
    return exception.host.startsWith('.') && name.endsWith(exception.host) && name !== exception.host
  })
}

/** Without brackets and the trailing dot; an IPv6 address in the URL standard's spelling. */
function normalised(host: string): string {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (!name.includes(':')) return name.replace(/\.$/, '')
  return URL.parse(`http://[${name}]`)?.hostname.slice(1, -1) ?? name
}
