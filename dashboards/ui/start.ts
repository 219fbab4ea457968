import { type Component, mount } from 'svelte';
import './theme.css';
import { type Catalogues, speak } from './i18n.svelte.ts';

/** Shows a page in the reader's language. What a server had rendered in its place, for readers without JavaScript, gives way. */
export async function start<Props extends Record<string, unknown>>(
  page: Component<Props>,
  props: Props,
  catalogues: Catalogues,
): Promise<void> {
  const target = document.getElementById('app');
  if (!target) return;
  await speak(catalogues);
  target.replaceChildren();
  mount(page, { target, props });
}
