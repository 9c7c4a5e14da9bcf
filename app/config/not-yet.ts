// What the manual describes and this release does not do yet. A file that asks for it is refused at boot,
// never silently served without it; a release that brings a feature removes its row.
import type { Finding, Path } from './problems.ts'
import type { Tree } from './tree.ts'

interface Row {
  /** The places in the file that ask for the feature. */
  asked: (tree: Tree) => Path[]
  /** What is not there. */
  sentence: string
}

const ROWS: readonly Row[] = [
  { asked: section('admin'), sentence: 'spend limits and the Admin API' },
  { asked: section('enforcement'), sentence: 'enforcing spend limits' },
  { asked: recordedSpend, sentence: 'recording spend' },
]

/** Everything in the file that asks for a feature of a later release. */
export function notYetFindings(tree: Tree): Finding[] {
  return ROWS.flatMap(({ asked, sentence }) =>
    asked(tree).map(
      (path): Finding => ({
        path,
        at: 'key',
        text: `not supported yet: ${sentence}.`,
        fix: 'remove it for now, or run a release that has it.',
      }),
    ),
  )
}

function section(...path: string[]): Row['asked'] {
  return tree => (tree.has(...path) ? [path] : [])
}

/** One key of the section says what things cost, not what is recorded. */
function recordedSpend(tree: Tree): Path[] {
  const path = ['gatehouse', 'spend']
  return tree.has(...path) && tree.keys(...path).join() !== 'regional_premium' ? [path] : []
}
