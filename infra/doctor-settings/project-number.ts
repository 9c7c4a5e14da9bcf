// Whether the project is there, and the number is its own: the stack writes both, and asks Google for neither.
import { z } from 'zod'
import { fail, ok } from '../../app/doctor/check.ts'
import { isSwitchedOff, type SettingsCheck } from './settings-check.ts'

const Project = z.object({ name: z.string(), state: z.string().default('ACTIVE') })

/** Resource Manager v3, `projects.get`. */
export const projectNumber: SettingsCheck = {
  id: 'project',
  async examine({ settings, google }) {
    const { project } = settings
    const url = new URL(`/v3/projects/${project}`, 'https://cloudresourcemanager.googleapis.com')
    const answer = await google.get(Project, url)
    if (answer.kind === 'refused') {
      if (isSwitchedOff(answer.reason))
        return fail(
          'cloudresourcemanager.googleapis.com is off',
          `infra/bootstrap.sh ${project} ${settings.region}`,
        )
      return fail(
        `${project} is not there, or the caller may not see it (${answer.status})`,
        'correct project, or sign in as somebody who may: gcloud auth application-default login',
      )
    }
    const number = answer.value.name.replace('projects/', '')
    if (answer.value.state !== 'ACTIVE')
      return fail(`${project} is ${answer.value.state}`, 'restore it, or take another project')
    if (number !== settings.projectNumber)
      return fail(
        `${project} has the number ${number}, not ${settings.projectNumber}`,
        `projectNumber: "${number}"`,
      )
    return ok(`${project} has the number ${number}`)
  },
}
