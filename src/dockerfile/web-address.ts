export function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

/** An address as it may be shown and written down: without password, and on the web without a user, who may be a token. */
export function withoutCredentials(text: string): string {
  const [, scheme = '', login = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@(.*)$/is.exec(text) ?? []
  if (scheme === '') return text
  const user = /^https?:/i.test(scheme) ? '' : (login.split(':')[0] ?? '')
  return `${scheme}${user === '' ? '' : `${user}@`}${rest}`
}
