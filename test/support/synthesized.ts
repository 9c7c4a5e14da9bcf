// What a construct becomes: the parsed Terraform JSON of a stack that holds it alone.
import assert from 'node:assert/strict'
import { TerraformStack, Testing } from 'cdktf'

/** The arguments of one resource, references as `${…}`. */
export type Block = Readonly<Record<string, unknown>>

/** The stack's resources and data sources, by type. */
export class Synthesized {
  readonly text: string
  readonly #blocks: Readonly<Record<string, Readonly<Record<string, Block>>>>

  constructor(text: string) {
    this.text = text
    const { resource = {}, data = {} } = JSON.parse(text)
    this.#blocks = { ...data, ...resource }
  }

  /** Types that occur, sorted. */
  get types(): string[] {
    return Object.keys(this.#blocks).sort()
  }

  all(type: string): Block[] {
    return Object.values(this.#blocks[type] ?? {})
  }

  /** The only one of its type. */
  one(type: string): Block {
    const [first, ...more] = this.all(type)
    assert.ok(first !== undefined && more.length === 0, `${this.all(type).length} of ${type}`)
    return first
  }

  /** The only one of its type with this name. */
  named(type: string, name: string): Block {
    const found = this.all(type).filter(block => block['name'] === name)
    assert.equal(found.length, 1, `${found.length} of ${type} called ${name}`)
    return found[0]! // one was counted
  }
}

export function synthesized(build: (stack: TerraformStack) => void): Synthesized {
  const stack = new TerraformStack(Testing.app(), 'test')
  build(stack)
  return new Synthesized(Testing.synth(stack))
}
