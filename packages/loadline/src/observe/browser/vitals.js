/**
 * Sends what a page's visit was like to the service that served this script: once, when the page is hidden, which is the
 * last that is sure to be seen of it. Comes behind the web-vitals library, in one script:
 *
 *     <script src="/loadline/vitals.js" data-page="/food/:id" defer></script>
 *
 * `data-page` is the pattern of the page; without it the path is sent, and the service finds the pattern. How fast people
 * found it is sent by `loadline.rate(1 … 5)`.
 */
(() => {
  const { webVitals } = globalThis;
  const script = document.currentScript;
  const door = new URL('vitals', script.src);
  const page = script.dataset.page ?? location.pathname;
  const values = {};
  const sent = new Set();

  const note =
    (field) =>
    ({ value }) => {
      values[field] = value;
    };
  webVitals.onLCP(note('lcpMs'));
  webVitals.onINP(note('inpMs'));
  webVitals.onCLS(note('cls'));
  webVitals.onFCP(note('fcpMs'));
  webVitals.onTTFB(note('ttfbMs'));
  // The library has given FID up for INP; targets that people have agreed on still name it.
  if (PerformanceObserver.supportedEntryTypes.includes('first-input')) {
    new PerformanceObserver((list) => {
      const [first] = list.getEntries();
      if (first !== undefined) values.fidMs ??= first.processingStart - first.startTime;
    }).observe({ type: 'first-input', buffered: true });
  }

  function send(message) {
    // Plain text: anything else asks the service for leave first, and a page that closes cannot wait for it.
    navigator.sendBeacon(door, JSON.stringify({ page, ...message }));
  }

  function sendValues() {
    // A page that comes back has had its visit counted: a value is sent once.
    const fresh = Object.entries(values).filter(([field]) => !sent.has(field));
    for (const [field] of fresh) sent.add(field);
    if (fresh.length > 0) send(Object.fromEntries(fresh));
  }

  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') sendValues();
  });
  addEventListener('pagehide', sendValues);

  globalThis.loadline = { rate: (rating) => send({ rating }) };
})();
