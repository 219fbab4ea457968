const LONGEST = 40;

/** An identity made of a name that people gave: 'Lô Đông 2' → 'lo-dong-2', and 'lo-dong-2-2' when that is taken. */
export function freshId(name: string, otherwise: string, taken: readonly string[]): string {
  const plain = name
    .replace(/[đĐ]/g, 'd')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST)
    .replace(/^-+|-+$/g, '');
  const wished = plain === '' ? otherwise : plain;
  let id = wished;
  for (let number = 2; taken.includes(id); number++) id = `${wished}-${number}`;
  return id;
}
