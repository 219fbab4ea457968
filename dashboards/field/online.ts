/** A phone says that it is online before anything gets through. */
const ONCE_MORE_MS = 3_000;

/** Calls when the phone is online again, and a moment later once more. Returns the way to stop. */
export function whenOnline(call: () => void): () => void {
  let later: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    call();
    clearTimeout(later);
    later = setTimeout(call, ONCE_MORE_MS);
  };
  window.addEventListener('online', heard);
  return () => {
    clearTimeout(later);
    window.removeEventListener('online', heard);
  };
}
