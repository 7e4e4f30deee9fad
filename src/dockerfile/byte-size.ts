const units: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 }

/** A number of bytes: "100", "64m", "1.5g", "10GiB"; every unit is a power of 1024. Undefined for anything else. */
export function parseByteSize(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? []
  if (number === undefined || unit === undefined) return undefined
  return Math.floor(Number(number) * 1024 ** (units[unit.toLowerCase()] ?? 0))
}
