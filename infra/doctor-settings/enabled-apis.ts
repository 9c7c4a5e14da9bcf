// Which APIs are on: two must be before the stack, which switches on the others itself.
import { z } from 'zod'
import { fail, ok } from '../../app/doctor/check.ts'
import { apisOf } from '../apis.ts'
import { featuresOf } from '../stack-props.ts'
import { isSwitchedOff, type SettingsCheck, unread } from './settings-check.ts'

/** What switches on an API, and what grants a role, are APIs themselves (G-9). */
const BEFORE_THE_STACK = ['serviceusage', 'cloudresourcemanager']

const Services = z.object({
  services: z.array(z.object({ name: z.string(), state: z.string().default('') })).default([]),
})

/** Service Usage v1, `services.batchGet`, which takes up to 30 names. */
export const enabledApis: SettingsCheck = {
  id: 'apis',
  async examine({ settings, google }) {
    const { projectNumber, project, region } = settings
    const used = [...apisOf(featuresOf(settings))]
    const parent = `projects/${projectNumber}`
    const url = new URL(`/v1/${parent}/services:batchGet`, 'https://serviceusage.googleapis.com')
    for (const api of [...BEFORE_THE_STACK, ...used])
      url.searchParams.append('names', `${parent}/services/${api}.googleapis.com`)
    const answer = await google.get(Services, url)
    const fix = `infra/bootstrap.sh ${project} ${region}`
    if (answer.kind === 'refused') {
      if (isSwitchedOff(answer.reason)) return fail('serviceusage.googleapis.com is off', fix)
      return unread(answer, 'the list of APIs')
    }
    const on = new Set(
      answer.value.services
        .filter(({ state }) => state === 'ENABLED')
        .map(({ name }) => name.split('/').at(-1)?.replace('.googleapis.com', '')),
    )
    const missing = BEFORE_THE_STACK.filter(api => !on.has(api))
    if (missing.length > 0) return fail(`off: ${missing.map(api => `${api}.googleapis.com`).join(', ')}`, fix)
    const count = used.filter(api => on.has(api)).length
    return ok(`${count} of the ${used.length} APIs of this environment are on; the stack enables the others`)
  },
}
