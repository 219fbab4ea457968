import { mount } from 'svelte';
import '../ui/theme.css';
import App from './App.svelte';
import { readServerAnswer } from './answer.ts';

const target = document.getElementById('app');
if (target) {
  const answer = readServerAnswer(document, location.pathname);
  // What the server rendered for readers without JavaScript gives way to what this device computes by itself.
  target.replaceChildren();
  mount(App, { target, props: { answer } });
}
