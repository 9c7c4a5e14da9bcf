// Rules: what a schema cannot say, because it depends on other keys, on files, or on the environment.
import type { Config } from './config.ts'
import type { Environment } from './environment.ts'
import type { ReadFile } from './expand.ts'
import type { Finding } from './problems.ts'
import type { Tree } from './tree.ts'

/** Answers why no request may be sent to the host of a URL (such as `loopback` or `link-local`), or null. */
export type HostJudge = (host: string) => string | null

/** A built-in model: its id first, then every other spelling that resolves to it. */
export interface BuiltinNames {
  id: string
  names: readonly string[]
}

/** Judges the policies and prices of a valid configuration: what will not do what its author believes. */
export type PolicyJudge = (config: Config) => Finding[]

/** What rules may look at beside the file. */
export interface Facts {
  environment: Environment
  readFile: ReadFile
  /** Milliseconds since the Unix epoch. */
  now: number
  judgeHost: HostJudge
  builtins: readonly BuiltinNames[]
  judgePolicies: PolicyJudge
}

/** Pure: answers what is wrong, and touches nothing but `facts.readFile`. Absent and ill-typed values are passed over. */
export type Rule = (tree: Tree, facts: Facts) => Finding[]
