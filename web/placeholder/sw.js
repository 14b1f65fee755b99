// Takes the place of the worker of a built client, and keeps nothing.
self.skipWaiting();
