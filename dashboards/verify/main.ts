import { start } from '../ui/start.ts';
import App from './App.svelte';
import { readServerAnswer } from './answer.ts';

const answer = readServerAnswer(document, location.pathname);
// So few words come with the page: asking for them would take longer.
const words = import.meta.glob(['../ui/messages/*.json', './messages/*.json'], {
  import: 'default',
  eager: true,
});
await start(App, { answer }, words);
