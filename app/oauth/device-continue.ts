// `POST /device`: the Continue button. Sends the browser to the identity provider.
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { networkOf } from '../http/rate-limit.ts'
import type { SignIn } from '../identity/sign-in.ts'
import type { Sealer } from '../session/seal.ts'
import { type GrantFacts, grantFacts } from '../store/device-grants.ts'
import type { BindingCookie } from './binding-cookie.ts'
import { MAX_FORM_BYTES, readDeviceForm } from './device-form.ts'
import { entryForm, otherNetwork, tooManyTries } from './device-page.html.ts'
import { type DevicePageOptions, deviceAction, sendFormPage, sendResultPage } from './device-page.ts'
import { sealState, startTrip } from './state.ts'
import { storeAnswer } from './store-answer.ts'

export interface DeviceContinueOptions extends DevicePageOptions {
  readonly signIn: SignIn
  readonly sealer: Sealer
  readonly cookie: BindingCookie
  /** `oidc.use_pkce`. */
  readonly usePkce: boolean
}

type Verdict =
  | { readonly result: 'redirect'; readonly grant: GrantFacts }
  | { readonly result: 'unknown_code' | 'csrf_rejected' | 'address_mismatch' }
  | { readonly result: 'rate_limited'; readonly retryAfterSeconds: number }

/** The route. Only the discovered authorization endpoint is ever the target of its redirect. */
export function deviceContinue(options: DeviceContinueOptions): RouteOptions {
  return {
    method: 'POST',
    url: '/device',
    config: { envelope: 'page', referrerPolicy: 'same-origin', maxBodyBytes: MAX_FORM_BYTES },
    handler: async (request, reply) => {
      const verdict = await judge(request, options)
      const answered =
        verdict.result === 'redirect'
          ? await redirect(reply, { request, grant: verdict.grant, options })
          : refuse(reply, verdict, options)
      options.audit.write({
        evt: 'device.verify',
        request_id: request.id,
        result: verdict.result,
        client_ip: request.clientAddress,
      })
      return answered
    },
  }
}

async function judge(request: FastifyRequest, options: DeviceContinueOptions): Promise<Verdict> {
  const form = await readDeviceForm(request, options)
  if (form.kind === 'rate_limited') {
    return { result: form.kind, retryAfterSeconds: form.retryAfterSeconds }
  }
  if (form.kind !== 'code') return { result: form.kind }
  const grant = await storeAnswer('page', grantFacts(options.pool, form.userCode))
  if (grant === null) return { result: 'unknown_code' }
  const isElsewhere = networkOf(grant.clientIp) !== networkOf(request.clientAddress)
  if (options.rules.address_match === 'require' && isElsewhere) return { result: 'address_mismatch' }
  return { result: 'redirect', grant }
}

function refuse(
  reply: FastifyReply,
  verdict: Exclude<Verdict, { result: 'redirect' }>,
  options: DeviceContinueOptions,
): FastifyReply {
  switch (verdict.result) {
    case 'rate_limited':
      return sendResultPage(reply, tooManyTries(verdict))
    case 'address_mismatch':
      return sendResultPage(reply, otherNetwork())
    default: {
      const action = deviceAction(options.publicUrl)
      return sendFormPage(reply, entryForm({ action, problem: verdict.result }), options)
    }
  }
}

async function redirect(
  reply: FastifyReply,
  { request, grant, options }: { request: FastifyRequest; grant: GrantFacts; options: DeviceContinueOptions },
): Promise<FastifyReply> {
  const { cookie, sealer, signIn, usePkce, clock } = options
  // A second tab of the same browser keeps the value, or it would break the first tab's trip.
  const bindingCookie = cookie.read(request.headers.cookie) ?? cookie.draw()
  const state = startTrip(
    { deviceHash: grant.deviceHash, terminalAddress: grant.clientIp, bindingCookie, usePkce },
    clock,
  )
  const url = await signIn.authorizationUrl({
    state: await sealState(sealer, state),
    nonce: state.nonce,
    codeVerifier: state.verifier,
  })
  return reply
    .header('set-cookie', cookie.set(bindingCookie))
    .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
    .redirect(url, 302)
}
