import { systemCode } from '../errors.ts'
import { bind, checked } from './libc.ts'

const prctlCall = bind<[option: number, mode: number, program: Uint8Array]>(
  'int prctl(int option, unsigned long mode, const void *program)',
)
const mallocCall = bind<[size: number], number | bigint>('uint64_t malloc(size_t size)')
const memcpyCall = bind<[target: bigint, source: Uint8Array, size: number], number | bigint>(
  'uint64_t memcpy(uint64_t target, const void *source, size_t size)',
)

const [setSeccomp, filterMode] = [22, 2]

/** How the kernel calls the kinds of system calls there are on a machine, each with the numbers of its key calls. */
const keyCalls = {
  x64: [
    { kind: 0xc000_003e, first: 248, last: 250 },
    { kind: 0x4000_0003, first: 286, last: 288 },
  ],
  arm64: [
    { kind: 0xc000_00b7, first: 217, last: 219 },
    { kind: 0x4000_0028, first: 309, last: 311 },
  ],
} as const

/** Instructions of the filter, from linux/filter.h: load a word, keep some of its bits, jump, answer. */
const [load, keepBits, jumpIfEqual, jumpIfAbove, jumpIfAtLeast, answer] = [0x20, 0x54, 0x15, 0x25, 0x35, 0x06]
const [numberAt, kindAt] = [0, 4]
const [allow, notPermitted] = [0x7fff_0000, 0x0005_0001]
/** Without the one that programs of the x32 kind set in the number. */
const bitsOfNumber = 0xbfff_ffff

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, value: number]

/**
 * Forbids the kernel's key rings to what the calling thread starts from now on, as container runtimes do: they belong to
 * users and sessions, whatever namespaces a process is in. Needs CAP_SYS_ADMIN. False where the kernel has no filters.
 */
export function forbidKeyRings(): boolean {
  const calls = process.arch === 'arm64' ? keyCalls.arm64 : keyCalls.x64
  const bytes = encoded([...calls.flatMap(refusing), [answer, 0, 0, allow]])
  const address = BigInt(mallocCall(bytes.byteLength))
  memcpyCall(address, bytes, bytes.byteLength)
  const program = new Uint8Array(new BigUint64Array([BigInt(bytes.byteLength / 8), address]).buffer)
  try {
    checked('prctl', prctlCall(setSeccomp, filterMode, program), 'a filter of system calls')
    return true
  } catch (error) {
    if (!['EINVAL', 'ENOSYS', 'EPERM', 'EACCES'].includes(systemCode(error) ?? '')) throw error
    return false
  }
}

/** Answers calls of one kind; others go past. Jumps count instructions. */
function refusing({ kind, first, last }: (typeof keyCalls)['x64' | 'arm64'][number]): readonly Instruction[] {
  return [
    [load, 0, 0, kindAt],
    [jumpIfEqual, 0, 6, kind],
    [load, 0, 0, numberAt],
    [keepBits, 0, 0, bitsOfNumber],
    [jumpIfAtLeast, 0, 2, first],
    [jumpIfAbove, 1, 0, last],
    [answer, 0, 0, notPermitted],
    [answer, 0, 0, allow],
  ]
}

function encoded(instructions: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(instructions.length * 8)
  for (const [i, [code, whenTrue, whenFalse, value]] of instructions.entries()) {
    bytes.writeUInt16LE(code, i * 8)
    bytes.writeUInt8(whenTrue, i * 8 + 2)
    bytes.writeUInt8(whenFalse, i * 8 + 3)
    bytes.writeUInt32LE(value, i * 8 + 4)
  }
  return bytes
}
