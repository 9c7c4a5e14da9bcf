// Whose the service's own Google credentials are.
import { findCredentials } from './google-credentials.ts'
import { credentialsFault } from './google-credentials-fault.ts'

/** The email of the account; rejects with a sentence for the operator. Asks the metadata server where there is no file. */
export async function googleAccount(transport: typeof fetch): Promise<string> {
  let isMetadata = true
  try {
    const found = await findCredentials(transport)
    isMetadata = found.isMetadata
    const { client_email: email } = await found.auth.getCredentials()
    if (typeof email === 'string' && /^[^\s@]+@[^\s@]+$/.test(email)) return email
    throw new Error('the credentials name no account')
  } catch (error) {
    throw credentialsFault(error, isMetadata ? 'metadata' : 'file')
  }
}
