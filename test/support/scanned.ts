import { BodyScanner, type Scanned } from '../../app/inference/body-scanner.ts'

/** What the scanner says of `body`, given in pieces that end at `cuts`. */
export function scan(body: Buffer, ...cuts: number[]): Scanned {
  const scanner = new BodyScanner()
  let from = 0
  for (const to of [...cuts, body.length]) {
    scanner.push(body.subarray(from, to))
    from = to
  }
  return scanner.end()
}

/** The kind of the verdict and the source of each member that was found. */
export function verdict(body: Buffer, scanned: Scanned): { kind: string; members?: Record<string, string> } {
  if (scanned.kind !== 'object') return { kind: scanned.kind }
  const members = scanned.members.map(({ name, valueStart, valueEnd }) => [
    name,
    body.toString('utf8', valueStart, valueEnd),
  ])
  return { kind: 'object', members: Object.fromEntries(members) }
}
