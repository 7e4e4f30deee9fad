import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export interface Certificate {
  /** Paths of PEM files. */
  readonly cert: string
  readonly key: string
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const ofThisMachine = ['-subj', '/CN=hearth test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']

/** Makes a certificate for 127.0.0.1 and localhost, signed by itself, in a directory. */
export function selfSignedCertificate(directory: string): Certificate {
  return make(directory, 'cert', ofThisMachine)
}

/** The same, signed by an authority that is made with it, and that nobody knows. */
export function privateCertificate(directory: string): Certificate & { readonly authority: string } {
  const authority = make(directory, 'authority', ['-subj', '/CN=hearth test authority'])
  const signed = ['-CA', authority.cert, '-CAkey', authority.key, '-addext', 'basicConstraints=critical,CA:FALSE']
  return { ...make(directory, 'cert', [...ofThisMachine, ...signed]), authority: authority.cert }
}

function make(directory: string, name: string, request: readonly string[]): Certificate {
  const [cert, key] = [join(directory, `${name}.pem`), join(directory, `${name}-key.pem`)]
  const form = ['req', '-x509', '-days', '2', ...newKey, ...request]
  execFileSync('openssl', [...form, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { cert, key }
}
