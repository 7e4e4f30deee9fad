import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { HearthError, messageOf } from '../errors.ts'
import type { TlsRules } from '../http/dispatchers.ts'
import type { RegistryFlags } from './flags/registry-flags.ts'
import { connectedHost } from './registry-host.ts'

/**
 * What the command line says about the certificates of each host: whether they are checked, which authorities count beside
 * the known ones, and what to show of ourselves. All of it is for that host alone. Reads the files that are named, and
 * throws "credentials-invalid" for those that cannot be used.
 */
export function registryTls(flags: RegistryFlags, cwd: string): (host: string, anyCertificate: boolean) => TlsRules {
  const unchecked = new Set(flags.skipTlsVerifyRegistries.map(connectedHost))
  const authorities = new Map<string, string[]>()
  for (const [host, path] of flags.certificates) {
    const place = connectedHost(host)
    authorities.set(place, [...(authorities.get(place) ?? []), authorityIn(resolve(cwd, path))])
  }
  const own = new Map(
    flags.clientCertificates.map(([host, { cert, key }]) => {
      return [connectedHost(host), pairIn(resolve(cwd, cert), resolve(cwd, key))]
    }),
  )
  return (host, anyCertificate) => {
    const ca = authorities.get(host)
    return {
      rejectUnauthorized: !anyCertificate && !unchecked.has(host),
      ...(ca === undefined ? {} : { ca }),
      ...own.get(host),
    }
  }
}

function authorityIn(path: string): string {
  const text = textOf('--registry-certificate', path)
  checked('--registry-certificate', path, () => new X509Certificate(text))
  return text
}

function pairIn(certPath: string, keyPath: string): Pick<TlsRules, 'cert' | 'key'> {
  const flag = '--registry-client-cert'
  const [cert, key] = [textOf(flag, certPath), textOf(flag, keyPath)]
  const certificate = checked(flag, certPath, () => new X509Certificate(cert))
  const privateKey = checked(flag, keyPath, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw unusable(flag, keyPath, `it is not the key of ${certPath}`)
  return { cert, key }
}

function textOf(flag: string, path: string): string {
  return checked(flag, path, () => readFileSync(path, 'utf8'))
}

function checked<T>(flag: string, path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw unusable(flag, path, messageOf(error), error)
  }
}

function unusable(flag: string, path: string, why: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'credentials-invalid',
    message: `${flag}: ${path} cannot be used`,
    why,
    fix: 'Name a PEM file that this user can read.',
    cause,
  })
}
