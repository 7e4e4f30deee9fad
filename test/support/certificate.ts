import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Makes a certificate for 127.0.0.1 and localhost, signed by itself, in a directory; gives the paths of the PEM files. */
export function selfSignedCertificate(directory: string): { readonly cert: string; readonly key: string } {
  const cert = join(directory, 'cert.pem')
  const key = join(directory, 'key.pem')
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=hearth test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { cert, key }
}
