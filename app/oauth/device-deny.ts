// `POST /device/deny`: the Stop button. Ends the sign-in of a code.
import type { RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import type { Audit } from '../audit/events.ts'
import { denyByUserCode } from '../store/device-grants.ts'
import { type DeviceFormOptions, MAX_FORM_BYTES, readDeviceForm } from './device-form.ts'
import { entryForm, stopped, tooManyTries } from './device-page.html.ts'
import { deviceAction, sendFormPage, sendResultPage } from './device-page.ts'
import { storeAnswer } from './store-answer.ts'

export interface DeviceDenyOptions extends DeviceFormOptions {
  readonly authorizationEndpoint: string
  readonly formActionOrigins: readonly string[]
  readonly pool: Pool
  readonly audit: Audit
}

/** The route. */
export function deviceDeny(options: DeviceDenyOptions): RouteOptions {
  const action = deviceAction(options.publicUrl)
  return {
    method: 'POST',
    url: '/device/deny',
    config: { envelope: 'page', referrerPolicy: 'same-origin', maxBodyBytes: MAX_FORM_BYTES },
    handler: async (request, reply) => {
      const form = await readDeviceForm(request, options)
      const grant =
        form.kind === 'code' ? await storeAnswer('page', denyByUserCode(options.pool, form.userCode)) : null
      const result = grant !== null ? 'denied' : form.kind === 'code' ? 'unknown_code' : form.kind
      options.audit.write({
        evt: 'device.deny',
        request_id: request.id,
        result,
        client_ip: request.clientAddress,
        requested_from: grant?.clientIp,
        requested_at: grant?.createdAt.toISOString(),
      })
      if (grant !== null) return sendResultPage(reply, stopped())
      if (form.kind === 'rate_limited') return sendResultPage(reply, tooManyTries(form))
      const problem = form.kind === 'csrf_rejected' ? form.kind : 'unknown_code'
      return sendFormPage(reply, entryForm({ action, problem }), options)
    },
  }
}
