/**
 * Does the callback come from our identity provider? RFC 9207, the answer to mix-up attacks. Pure.
 *
 * A wrong `iss` refuses also when the IdP never announced that it sends one.
 */
export function refuseCallbackIssuer(
  searchParams: URLSearchParams,
  idp: { readonly isExpectedIssuer: (issuer: string) => boolean; readonly announcesIss: boolean },
): 'iss_missing' | 'iss_repeated' | 'iss_wrong' | null {
  const [iss, ...more] = searchParams.getAll('iss')
  if (more.length > 0) return 'iss_repeated'
  if (iss === undefined) return idp.announcesIss ? 'iss_missing' : null
  return idp.isExpectedIssuer(iss) ? null : 'iss_wrong'
}
