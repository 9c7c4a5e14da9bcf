// Whether the caller has credentials at all: without them no other question can be asked.
import { fail, ok } from '../../app/doctor/check.ts'
import { printable } from '../../app/lib/printable.ts'
import type { SettingsCheck } from './settings-check.ts'

/** Application Default Credentials, as Terraform finds them, too. */
export const credentials: SettingsCheck = {
  id: 'credentials',
  async examine({ google }) {
    try {
      await google.signIn()
      return ok('Application Default Credentials are there')
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      return fail(printable(text, 400), 'gcloud auth application-default login')
    }
  },
}
