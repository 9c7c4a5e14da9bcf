// Whose credentials the service runs with.
import { usesGoogleCredentials } from '../config/google-auth.ts'
import { type Check, fail, ok, skip } from './check.ts'

/** The accounts that Google makes by itself, which have far more rights than a gateway needs. */
const DEFAULT_ACCOUNT = /(-compute@developer|@appspot)\.gserviceaccount\.com$/

export const runtimeAccount: Check = {
  id: 'identity',
  async examine({ config, googleAccount, googleToken }) {
    if (!usesGoogleCredentials(config)) return skip("the configuration uses no credentials of Google's")
    const email = await googleAccount()
    if (DEFAULT_ACCOUNT.test(email))
      return fail(
        `the service runs as ${email}, a default account`,
        'give it an account of its own: service_account of the service',
      )
    await googleToken()
    return ok(`the service runs as ${email}, and gets tokens`)
  },
}
