/** 'Thanh Long' → 'thanh long': how names of products, crops, pests and columns are compared, without case and marks. */
export function plainName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

export function sameName(one: string, other: string): boolean {
  return plainName(one) === plainName(other);
}

export function namesMeet(some: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others.map(plainName));
  return some.some((name) => known.has(plainName(name)));
}
