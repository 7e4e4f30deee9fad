/** Linux's O_PATH, which Node has no name for: the descriptor only points at a file, of any type and whatever its mode. */
export const pointerOnly = 0o10000000
