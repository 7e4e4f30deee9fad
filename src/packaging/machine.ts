/** A kind of machine the image is made for: how its programs are marked, and where Debian keeps what they load. */
export interface Machine {
  /** Node's and npm's word for it. */
  readonly name: 'x64' | 'arm64'
  /** OCI's word for it. */
  readonly architecture: 'amd64' | 'arm64'
  /** Number in the header of its programs. */
  readonly elf: number
  /** Debian's directory for its libraries. */
  readonly triple: string
  /** The dynamic loader, as libraries name it. */
  readonly loader: string
  /** The dynamic loader, as programs name it. */
  readonly interpreter: string
}

const machines: readonly Machine[] = [
  {
    name: 'x64',
    architecture: 'amd64',
    elf: 62,
    triple: 'x86_64-linux-gnu',
    loader: 'ld-linux-x86-64.so.2',
    interpreter: '/lib64/ld-linux-x86-64.so.2',
  },
  {
    name: 'arm64',
    architecture: 'arm64',
    elf: 183,
    triple: 'aarch64-linux-gnu',
    loader: 'ld-linux-aarch64.so.1',
    interpreter: '/lib/ld-linux-aarch64.so.1',
  },
]

/** The machine whose programs carry this number, if an image can be made for it. */
export function machineOf(elf: number): Machine | undefined {
  return machines.find((machine) => machine.elf === elf)
}
