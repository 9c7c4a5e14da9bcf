// What a person's browser and terminal do at the gateway, by HTTP, with the headers a browser sends.
import type { Answer, SignInGateway } from './sign-in-gateway.ts'

export interface DeviceCodes {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri_complete: string
}

/** A terminal asks to be signed in, from `address` if the gateway believes its proxy. */
export async function askForCodes(gateway: SignInGateway, address?: string): Promise<DeviceCodes> {
  const answer = await gateway.ask('/oauth/device_authorization', {
    form: 'surface=claude_code',
    headers: { 'user-agent': 'claude-code/2.1.330', ...(address && { 'x-forwarded-for': address }) },
  })
  return JSON.parse(answer.body) as DeviceCodes // the endpoint's own tests check its shape
}

export interface Press {
  readonly button?: 'continue' | 'stop'
  readonly userCode: string
  readonly cookie?: string
  readonly from?: string
  /** Replaces what a browser says about where the form came from. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Presses a button of the confirm page. */
export function press(
  gateway: SignInGateway,
  { button = 'continue', userCode, ...rest }: Press,
): Promise<Answer> {
  return gateway.ask(button === 'stop' ? '/device/deny' : '/device', {
    form: { user_code: userCode },
    headers: {
      ...(rest.headers ?? { origin: new URL(gateway.publicUrl).origin, 'sec-fetch-site': 'same-origin' }),
      ...(rest.cookie && { cookie: rest.cookie }),
      ...(rest.from && { 'x-forwarded-for': rest.from }),
    },
  })
}

/** The `name=value` of the cookie that an answer sets; empty when it sets none. */
export function cookieOf(answer: Answer): string {
  return answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

/** The title of a page: one per state. */
export function titleOf(answer: Answer): string {
  return /<title>([^<]*)<\/title>/.exec(answer.body)?.[1] ?? ''
}
