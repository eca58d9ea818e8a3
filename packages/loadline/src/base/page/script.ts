/**
 * The script of the page: values under the cursor, a cursor that all charts over time share, series that hide, tables
 * that sort. It is plain JavaScript as text, because its hash stands in the page's policy; without it the page is
 * complete but still. It writes only text, never HTML.
 */
export const pageScript: string = `
'use strict';
const { places, texts, charts } = JSON.parse(document.getElementById('numbers').textContent);

const digits = (value) => String(Number(value.toPrecision(3)));
const whole = (value) => Math.round(value).toLocaleString('en-US');
const pair = (big, bigUnit, small, smallUnit) => big + ' ' + bigUnit + (small ? ' ' + small + ' ' + smallUnit : '');

function duration(ms) {
  if (ms === 0) return '0 ms';
  if (ms < 0.9995) return digits(ms * 1000) + ' µs';
  if (ms < 999.5) return digits(ms) + ' ms';
  if (ms < 59950) return digits(ms / 1000) + ' s';
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
}

function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) { value /= 1000; at++; }
  return digits(value) + ' ' + units[at];
}

function elapsed(ms) {
  const seconds = Math.floor(ms / 1000);
  const two = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return (hours ? hours + ':' + two(minutes) : minutes) + ':' + two(seconds % 60);
}

const clock = (ms) => new Date(ms).toISOString().slice(0, ms % 60000 ? 19 : 16).replace('T', ' ');

function ratio(value) {
  if (value > 0.99 && value < 1) return Math.floor(value * 10000) / 100 + ' %';
  return Number((value * 100).toPrecision(2)) + ' %';
}

const count = (value) => (Math.abs(value) >= 1000 ? whole(value) : digits(value));

const formats = {
  ms: duration,
  elapsed,
  clock,
  bytes,
  'bytes per second': (value) => bytes(value) + '/s',
  ratio,
  'per second': (value) => (value >= 100 ? whole(value) : digits(value)) + '/s',
  count,
};

function show(value, unit) {
  if (value === null || value === undefined) return '–';
  return Object.hasOwn(formats, unit) ? formats[unit](value) : count(value) + ' ' + unit;
}

/** The index of the place that is nearest. */
function nearest(sorted, x) {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - sorted[low - 1] < sorted[low] - x ? low - 1 : low;
}

/** Points that have no order, from left to right. */
function dotsOf({ series }) {
  return series
    .flatMap(({ at, values, labels, heights }, index) =>
      places[at].map((x, place) => ({ series: index, x, y: values[place], height: heights[place], label: labels?.[place] ?? '' })))
    .sort((a, b) => a.x - b.x);
}

/** The one that is nearest on the screen, of those that are shown. */
function nearestDot({ dots, buttons, canvas, shareOf }, left, top) {
  const distance = ({ x, height }) =>
    Math.hypot(shareOf(x) * canvas.clientWidth - left, (1 - height) * canvas.clientHeight - top);
  return dots.filter(({ series }) => isShown(buttons[series]))
    .reduce((best, dot) => (best === undefined || distance(dot) < distance(best) ? dot : best), undefined);
}

const drawn = charts.map((chart) => {
  const figure = document.getElementById(chart.id);
  const canvas = figure.querySelector('.canvas');
  const [from, to] = chart.x;
  return {
    ...chart, figure, canvas,
    cursor: figure.querySelector('.cursor'),
    tip: figure.querySelector('.tip'),
    buttons: [...figure.querySelectorAll('.legend button')],
    summaries: [...figure.querySelectorAll('output')].map((output) => output.textContent),
    valueAt: (share) => (chart.log ? from * (to / from) ** share : from + (to - from) * share),
    dots: chart.series[0].heights && dotsOf(chart),
    shareOf: (x) => (chart.log ? Math.log(x / from) / Math.log(to / from) : (x - from) / (to - from)),
  };
}).filter((chart) => chart.canvas);

/** Charts of one time share a cursor. */
const isTime = ({ unit }) => unit === 'elapsed' || unit === 'clock';
const isShown = (button) => button.getAttribute('aria-pressed') !== 'false';

/** Shows what was measured at x in a chart, and in those that share its axis. */
function point(source, x) {
  for (const chart of drawn) {
    if (chart !== source && (chart.unit !== source.unit || !isTime(chart))) { clear(chart); continue; }
    const lists = chart.series.map(({ at }) => places[at]);
    const known = lists.find((list) => list.length > 0) ?? [x];
    const place = nearest(known, x);
    const offset = moveCursor(chart, known[place]);
    const values = chart.series.map(({ unit, values }, index) => show(values[nearest(lists[index], x)], unit));
    chart.buttons.forEach((button, index) => { button.querySelector('output').textContent = values[index]; });
    const rows = chart.buttons.flatMap((button, index) => (isShown(button) ? [rowFor(button, values[index])] : []));
    if (chart === source) fillTip(chart, offset, { title: show(known[place], chart.unit), rows, note: texts[chart.notes?.[place]] });
    else chart.tip.hidden = true;
  }
}

/** Of points that have no order, only one. */
function pointAlone(chart, dot) {
  for (const other of drawn) if (other !== chart) clear(other);
  chart.last = dot;
  const row = rowFor(chart.buttons[dot.series], show(dot.y, chart.series[dot.series].unit));
  fillTip(chart, moveCursor(chart, dot.x), { title: dot.label, rows: [row], note: show(dot.x, chart.unit) });
}

function moveCursor({ cursor, canvas, shareOf }, x) {
  const offset = shareOf(x) * canvas.clientWidth;
  cursor.hidden = false;
  cursor.style.left = offset + 'px';
  return offset;
}

function rowFor(button, value) {
  const row = document.createElement('span');
  row.className = button.className;
  const name = document.createElement('i');
  name.textContent = button.firstChild.textContent;
  row.append(name, value);
  return row;
}

function fillTip({ tip, canvas }, offset, { title, rows, note }) {
  const head = document.createElement('b');
  head.textContent = title;
  const foot = document.createElement('p');
  foot.textContent = note ?? '';
  tip.replaceChildren(head, ...rows, ...(note ? [foot] : []));
  tip.hidden = false;
  tip.style.left = '0';
  const isRight = offset > canvas.clientWidth / 2;
  tip.style.left = Math.max(0, isRight ? offset - tip.offsetWidth - 12 : offset + 12) + 'px';
}

function clear(chart) {
  chart.cursor.hidden = true;
  chart.tip.hidden = true;
  chart.buttons.forEach((button, index) => { button.querySelector('output').textContent = chart.summaries[index]; });
}

for (const chart of drawn) {
  const { canvas, figure, buttons } = chart;
  let x = chart.x[0];
  const follow = (event) => {
    const box = canvas.getBoundingClientRect();
    if (chart.dots) {
      const dot = nearestDot(chart, event.clientX - box.left, event.clientY - box.top);
      if (dot) pointAlone(chart, dot); else clear(chart);
      return;
    }
    x = chart.valueAt(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    point(chart, x);
  };
  const leave = () => drawn.forEach(clear);
  canvas.addEventListener('pointermove', follow);
  canvas.addEventListener('pointerdown', follow);
  canvas.addEventListener('pointerleave', leave);
  figure.addEventListener('blur', leave);
  figure.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const list = chart.dots ?? places[chart.series[0].at];
    if (step === undefined || event.target !== figure || list.length === 0) return;
    event.preventDefault();
    if (chart.dots) {
      pointAlone(chart, list[Math.min(list.length - 1, Math.max(0, list.indexOf(chart.last) + step))]);
      return;
    }
    x = list[Math.min(list.length - 1, Math.max(0, nearest(list, x) + step))];
    point(chart, x);
  });
  buttons.forEach((button, index) => button.addEventListener('click', () => {
    const wasHidden = !isShown(button);
    button.setAttribute('aria-pressed', wasHidden);
    for (const path of figure.querySelectorAll('path[data-series="' + index + '"]')) path.classList.toggle('off', !wasHidden);
  }));
}

for (const table of document.querySelectorAll('.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, index) => head.querySelector('button').addEventListener('click', () => {
    const isNumber = index > 0;
    const isUp = head.ariaSort === 'none' ? !isNumber : head.ariaSort === 'descending';
    for (const other of heads) other.ariaSort = 'none';
    head.ariaSort = isUp ? 'ascending' : 'descending';
    const key = (row) => row.cells[index].dataset.value;
    const compare = isNumber
      ? (a, b) => (Number(key(a)) || 0) - (Number(key(b)) || 0)
      : (a, b) => key(a).localeCompare(key(b), undefined, { numeric: true });
    body.append(...[...body.rows].sort((a, b) => (isUp ? compare(a, b) : compare(b, a))));
  }));
}
`;
