import { start } from '../ui/start.ts';
import Diary from './Diary.svelte';

await start(
  Diary,
  {},
  import.meta.glob(['../ui/messages/*.json', './messages/*.json'], { import: 'default' }),
);

// Only over HTTPS and on this machine: elsewhere browsers have none, and the page works while it is open.
if ('serviceWorker' in navigator) {
  const worker = await navigator.serviceWorker
    .register('/diary-worker.js')
    .then(() => navigator.serviceWorker.ready);
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
  worker.active?.postMessage({ keep: ['/diary.html', ...loaded] });
}
