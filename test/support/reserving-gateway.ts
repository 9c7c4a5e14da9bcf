// A whole gateway that reserves, in front of an upstream whose answers wait until a test lets them go; each costs four cents.
import type { Socket } from 'node:net'
import { openSpendGateway, type SpendGateway, watching } from './spend-gateway.ts'
import { errorAnswer, jsonAnswer, type Script } from './upstream.ts'
import { ASK, type Surroundings } from './whole-gateway.ts'

/** 4000 tokens of output at 10 USD per million; what is held for it is a little more, as the body counts. */
export const QUESTION = { ...ASK, max_tokens: 4000 }

const REPLY = {
  ...{ type: 'message', model: QUESTION.model, content: [] },
  usage: { input_tokens: 0, output_tokens: 4000 },
}

export interface ReservingGateway extends SpendGateway {
  /** Lets the answers go that wait, and those that come. */
  letGo(): void
  /** Nano-dollars of the holds there are, the smallest first. */
  holds(): Promise<readonly bigint[]>
  /** Resolves when there are no holds any more. */
  holdsGone(): Promise<void>
}

export interface Reserving extends Surroundings {
  readonly admin?: object
  /** What answers in the place of the reply. */
  readonly reply?: Buffer
}

export async function openReservingGateway(options: Reserving = {}): Promise<ReservingGateway> {
  const { admin = {}, sections = {}, reply = jsonAnswer(REPLY), ...others } = options
  const held: Socket[] = []
  let isOpen = false
  const script: Script = ({ path }, socket) => {
    if (path.includes('count_tokens')) return errorAnswer(404, 'not_found_error')
    if (isOpen) return reply
    held.push(socket)
    return undefined
  }
  const gatehouse = { spend: { reserve: true } }
  const whole = await openSpendGateway({
    ...{ scripts: [script], sections: watching(admin, { gatehouse, ...sections }) },
    ...others,
  })
  const { pool } = whole.database
  const holds = async () => {
    const { rows } = await pool.query<{ nano_usd: string }>(
      'select nano_usd from spend_holds order by nano_usd',
    )
    return rows.map(({ nano_usd }) => BigInt(nano_usd))
  }
  return {
    ...whole,
    holds,
    letGo() {
      isOpen = true
      for (const socket of held.splice(0)) socket.write(reply)
    },
    async holdsGone() {
      while ((await holds()).length > 0) await new Promise(resolve => setImmediate(resolve))
    },
  }
}
