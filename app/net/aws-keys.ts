/** What signs a request to AWS. */
export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Goes along with keys that expire. */
  readonly sessionToken?: string | undefined
}
