/// <reference lib="webworker" />

interface Notice {
  readonly id?: string;
  readonly title?: string;
  readonly body?: string;
  readonly priority?: string;
}

/** Shows alarms that come while the page is closed. Part of the page's one service worker: a second one would take its place. */
export function showAlarms(worker: ServiceWorkerGlobalScope): void {
  worker.addEventListener('push', (event) => {
    const { id, title = 'Nông Tín', body = '', priority } = (event.data?.json() ?? {}) as Notice;
    const shown = worker.registration.showNotification(title, {
      body,
      // The same message again replaces itself.
      ...(id === undefined ? {} : { tag: id }),
      requireInteraction: priority === 'critical',
    });
    event.waitUntil(shown);
  });
  worker.addEventListener('notificationclick', (event) => {
    event.notification.close();
    // Our own page, by whatever name this browser reached it.
    event.waitUntil(worker.clients.openWindow('/'));
  });
}
