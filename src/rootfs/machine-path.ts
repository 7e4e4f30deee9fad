import { HearthError } from '../errors.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'

interface MachinePathParts {
  readonly message: string
  readonly reason: string
  readonly place: RawPath
}

/** A path of a root leads to what is not the image's, or something would have to take the place of it. */
export class MachinePath extends HearthError {
  /** The message without the path that was asked for. */
  readonly reason: string
  /** What the reason is about. */
  readonly place: RawPath

  constructor({ message, reason, place }: MachinePathParts) {
    super({
      code: 'copy-destination',
      message,
      why: 'the build works in place, in the root of its own container: what is mounted there or hearth needs is not part of the image',
      fix: 'Use another path, or --isolation=namespaces or userns, where a stage has a root of its own.',
    })
    this.name = 'MachinePath'
    this.reason = reason
    this.place = place
  }
}

/** For a path that is `owned` or lies in it. */
export function belongsToMachine(path: RawPath, owned: RawPath): MachinePath {
  const reason = `${showPath(owned)} belongs to the machine`
  return new MachinePath({ message: `${showPath(path)} cannot be written: ${reason}`, reason, place: owned })
}

/** For a directory that should make way for something else, and has `owned` in it. */
export function holdsMachines(directory: RawPath, owned: RawPath): MachinePath {
  const reason = `the directory stays, because ${showPath(owned)} in it belongs to the machine`
  return new MachinePath({ message: `${showPath(directory)} cannot be replaced: ${reason}`, reason, place: directory })
}
