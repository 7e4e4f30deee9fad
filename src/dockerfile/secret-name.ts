const secret = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i
const harmless = /(?:_|^)(?:public|file|version)(?:_|$)/i

/** Whether a variable is called like one that holds a secret. Names are all there is to go by. */
export function isSecretName(name: string): boolean {
  return secret.test(name) && !harmless.test(name)
}
