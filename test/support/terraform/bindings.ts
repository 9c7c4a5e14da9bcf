// The description that comes with the provider's classes: `.jsii`, a hundred megabytes of JSON, read type by type.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const PACKAGE = '@cdktf/provider-google'

export interface TypeReference {
  readonly primitive?: string
  readonly fqn?: string
  readonly collection?: { readonly kind: 'array' | 'map'; readonly elementtype: TypeReference }
  readonly union?: { readonly types: readonly TypeReference[] }
}

export interface Property {
  readonly name: string
  readonly type: TypeReference
  readonly optional?: boolean
  readonly immutable?: boolean
  readonly static?: boolean
  readonly docs?: { readonly summary?: string; readonly remarks?: string }
}

/** A class or a struct, with what is used of it here. */
export interface DescribedType {
  readonly base?: string
  readonly docs?: { readonly summary?: string }
  readonly initializer?: { readonly parameters?: readonly { readonly type: TypeReference }[] }
  readonly properties?: readonly Property[]
  readonly methods?: readonly { readonly name: string; readonly returns?: { readonly type: TypeReference } }[]
}

/**
 * The types of the installed package.
 *
 * The file is indented, so a type is the text between two lines of known depth: only those asked for are parsed, which
 * takes a tenth of the memory of the whole.
 */
export class Bindings {
  readonly #text: Buffer
  readonly #starts = new Map<string, number>()
  readonly #parsed = new Map<string, DescribedType>()

  constructor() {
    const folder = dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`))
    this.#text = readFileSync(join(folder, '.jsii'))
    const lead = Buffer.from(`\n    "${PACKAGE}.`)
    const first = this.#text.indexOf('\n  "types": {')
    for (let at = this.#text.indexOf(lead, first); at !== -1; at = this.#text.indexOf(lead, at + 1)) {
      const end = this.#text.indexOf('": {', at)
      this.#starts.set(this.#text.toString('utf8', at + '\n    "'.length, end), end + '": '.length)
    }
  }

  /** The type called `fqn`, such as `@cdktf/provider-google.sqlUser.SqlUser`; undefined when there is none. */
  type(fqn: string): DescribedType | undefined {
    const known = this.#parsed.get(fqn)
    if (known !== undefined) return known
    const start = this.#starts.get(fqn)
    if (start === undefined) return undefined
    const end = this.#text.indexOf('\n    }', start) + '\n    }'.length
    const type = JSON.parse(this.#text.toString('utf8', start, end)) as DescribedType // the package's own description
    this.#parsed.set(fqn, type)
    return type
  }

  /** The class of a resource, a data source or the provider, such as `google_sql_user`, with its name. */
  classOf(kind: 'resource' | 'data' | 'provider', terraformType: string): DescribedType {
    const words = terraformType.split('_').slice(kind === 'provider' ? 1 : 0)
    const stem = (kind === 'data' ? ['data', ...words] : kind === 'resource' ? words.slice(1) : ['provider'])
      .map(word => word.charAt(0).toUpperCase() + word.slice(1))
      .join('')
    const space = stem.charAt(0).toLowerCase() + stem.slice(1)
    const found = this.type(`${PACKAGE}.${space}.${kind === 'provider' ? 'GoogleProvider' : stem}`)
    if (found === undefined) throw new Error(`the bindings have no ${kind} ${terraformType}`)
    return found
  }
}
