// What the tests read out of a run of Terraform.
import { closure, dependencies } from './references.ts'
import { declared, type StackJson } from './stack-json.ts'

/** Resources that were begun before something that they wait for was finished, as `late before early`. */
export function begunTooEarly(stack: StackJson, log: readonly string[]): string[] {
  const direct = dependencies(stack)
  const begun = new Map(log.map((entry, index) => [entry, index]))
  return log
    .filter(entry => entry.startsWith('+'))
    .flatMap(entry => {
      const address = entry.slice(1)
      return [...closure(direct, address)]
        .filter(other => (begun.get(`=${other}`) ?? -1) > (begun.get(entry) ?? -1))
        .map(other => `${address} before ${other}`)
    })
}

/** Addresses of everything that Terraform keeps in its state, sorted. */
export function resourcesOf(stack: StackJson): string[] {
  return declared(stack)
    .filter(({ kind }) => kind === 'resource')
    .map(({ address }) => address)
    .sort()
}

/** Every write-only argument in a state, with its value there. */
export function writeOnlyIn(state: string): unknown[] {
  const { resources }: { resources: { instances: { attributes: object }[] }[] } = JSON.parse(state)
  return resources.flatMap(({ instances }) =>
    instances.flatMap(({ attributes }) =>
      Object.entries(attributes)
        .filter(([name]) => name.endsWith('_wo'))
        .map(([, value]) => value),
    ),
  )
}
