import { start } from '../ui/start.ts';
import App from './App.svelte';

// A phone loads the words of its reader's language alone.
await start(App, {}, import.meta.glob(['../ui/messages/*.json', './messages/*.json'], { import: 'default' }));
