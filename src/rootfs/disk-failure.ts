import { asHearthError, HearthError, messageOf, systemCode } from '../errors.ts'
import { isUnknownOwner, knownIDs, moreIDs } from '../sys/own-ids.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'

/** Does something with a file; what the system says against it becomes an error that names the file. */
export function placed<T>(path: RawPath, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw diskFailure(error, path)
  }
}

const refusals: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'the name is longer than the filesystem allows',
  EMLINK: 'the file has as many names as the filesystem allows',
  EFBIG: 'the file is larger than the filesystem allows',
  ELOOP: 'a symlink is in the way',
  EBUSY: 'something is mounted there',
  EXDEV: 'the file it is to be a link to is on another mount',
  EINVAL: 'the filesystem cannot hold what the archive says of it',
}

/** What a file operation in a root threw, as an error that names the file. */
export function diskFailure(error: unknown, path: RawPath): HearthError {
  if (error instanceof HearthError) return error
  if (isUnknownOwner(error)) return ownerUnknown(path, error)
  const code = systemCode(error) ?? ''
  const why = refusals[code]
  if (why !== undefined) {
    return new HearthError({ code: 'layer-invalid', message: `${showPath(path)} cannot be made`, why, cause: error })
  }
  const capability = code === 'EPERM' ? capabilityFor(error) : undefined
  if (capability !== undefined) return denied(path, capability, error)
  const known = asHearthError(error)
  if (known.code === 'internal') return known
  const { message, fix } = known
  return new HearthError({
    code: known.code,
    message: `${showPath(path)}: ${message}`,
    why: known.why,
    fix,
    cause: error,
  })
}

const capabilities: Readonly<Record<string, string>> = {
  chown: 'CAP_CHOWN',
  lchown: 'CAP_CHOWN',
  fchown: 'CAP_CHOWN',
  chmod: 'CAP_FOWNER',
  fchmod: 'CAP_FOWNER',
  utimensat: 'CAP_FOWNER',
  futimens: 'CAP_FOWNER',
  mknod: 'CAP_MKNOD',
}

function capabilityFor(error: unknown): string | undefined {
  const syscall = typeof error === 'object' && error !== null && 'syscall' in error ? error.syscall : undefined
  return typeof syscall === 'string' ? capabilities[syscall] : undefined
}

function denied(path: RawPath, capability: string, cause: unknown): HearthError {
  return new HearthError({
    code: 'permission',
    message: `${showPath(path)} cannot be made as the image has it`,
    why: messageOf(cause),
    fix: `hearth needs the capability ${capability} for it.`,
    cause,
  })
}

function ownerUnknown(path: RawPath, cause: unknown): HearthError {
  const message = `${showPath(path)} cannot have its owner or group`
  return new HearthError({ code: 'permission', message, why: knownIDs(), fix: moreIDs, cause })
}

/** Why an extended attribute could not be set. */
export function attributeFailure(cause: unknown, path: RawPath, name: string): HearthError {
  const code = systemCode(cause)
  const capability = name.startsWith('security.')
    ? 'CAP_SETFCAP'
    : name.startsWith('trusted.')
      ? 'CAP_SYS_ADMIN'
      : undefined
  const tooLarge = code === 'E2BIG' || code === 'ERANGE' || code === 'ENOSPC'
  const permission = code === 'EPERM' || code === 'EACCES'
  return new HearthError({
    code: permission ? 'permission' : 'layer-invalid',
    message: `The extended attribute ${JSON.stringify(name)} of ${showPath(path)} cannot be set`,
    why: tooLarge ? `its value is larger than the filesystem allows (${code})` : messageOf(cause),
    fix: permission && capability !== undefined ? `hearth needs the capability ${capability} for it.` : undefined,
    cause,
  })
}

export function bitsLost(path: RawPath, wanted: number, actual: number): HearthError {
  return new HearthError({
    code: 'permission',
    message: `${showPath(path)} cannot have the mode ${wanted.toString(8)}`,
    why: `the kernel made it ${actual.toString(8)} without an error, as it does when the capability CAP_FSETID is missing`,
    fix: 'hearth needs the capability CAP_FSETID for files with setuid or setgid bits.',
  })
}

export function exchanged(path: RawPath): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `${showPath(path)} was replaced while it was made`,
    why: "something other than the build writes into the stage's root filesystem",
    fix: 'Let nothing but the build use its work directory.',
  })
}
