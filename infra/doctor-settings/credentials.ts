// Whether the caller has credentials at all: without them no other question can be asked.
import { fail, ok } from '../../app/doctor/check.ts'
import { withDeadline } from '../../app/lib/deadline.ts'
import { printable } from '../../app/lib/printable.ts'
import type { SettingsCheck } from './settings-check.ts'

/** Less than a check may take: where there are none, a metadata server is waited for. */
const SIGN_IN_MS = 4500

/** Application Default Credentials, as Terraform finds them, too. */
export const credentials: SettingsCheck = {
  id: 'credentials',
  async examine({ google }) {
    try {
      await withDeadline(google.signIn(), SIGN_IN_MS)
      return ok('Application Default Credentials are there')
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      return fail(printable(text, 400), 'gcloud auth application-default login')
    }
  },
}
