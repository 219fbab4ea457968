export async function prepareDemo(_: unknown): Promise<{ url: string; anchored: boolean }> {
  return { url: '', anchored: false };
}
