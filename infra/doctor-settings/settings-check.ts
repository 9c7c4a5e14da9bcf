/** What a look at the settings' surroundings is: one question to Google, before anything is applied. */
import { skip, type Verdict, warn } from '../../app/doctor/check.ts'
import type { Settings } from '../settings.ts'
import type { GoogleRest, Refused } from './google-rest.ts'

export interface Surroundings {
  readonly settings: Settings
  readonly google: GoogleRest
}

export interface SettingsCheck {
  readonly id: string
  /** Changes nothing. May reject: the failure is the verdict then. */
  examine(surroundings: Surroundings): Promise<Verdict | readonly Verdict[]>
}

/** The verdict on something that could not be looked at. `what` ends the sentence "… cannot be read". */
export function unread({ status, reason }: Refused, what: string): Verdict {
  if (isSwitchedOff(reason)) return skip(`${what} cannot be read yet: that API is off in this project`)
  const answer = [status, reason].filter(part => part !== '').join(' ')
  if (status === 403) return skip(`${what} cannot be read by the caller (${answer})`)
  return warn(`${what} cannot be read (${answer})`, 'run it again, or look yourself')
}

/** What Google says of an API that is not enabled. */
export function isSwitchedOff(reason: string): boolean {
  return reason === 'SERVICE_DISABLED' || reason === 'accessNotConfigured'
}

/** The id of the network that the settings speak of: one that is there, or that the stack makes. */
export function networkIdOf({ network, project, name }: Settings): string {
  return network.network ?? `projects/${project}/global/networks/${name}`
}

/** The project that owns the network: of a Shared VPC, the host project. */
export function networkProjectOf(settings: Settings): string {
  return networkIdOf(settings).split('/')[1] ?? settings.project
}

/** Reports whether `link`, such as `https://www.googleapis.com/compute/v1/projects/…`, is of the resource `id`. */
export function isLinkTo(id: string, link: string): boolean {
  return link === id || link.endsWith(`/${id}`)
}
