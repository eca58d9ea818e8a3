/**
 * The script of the page: values under the cursor, a cursor that all charts over time share, series that hide, tables
 * that sort. It is plain JavaScript as text, because its hash stands in the page's policy; without it the page is
 * complete but still. It writes only text, never HTML.
 */
export const pageScript: string = `
'use strict';
const { places, charts } = JSON.parse(document.getElementById('numbers').textContent);

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

function ratio(value) {
  if (value > 0.99 && value < 1) return Math.floor(value * 10000) / 100 + ' %';
  return Number((value * 100).toPrecision(2)) + ' %';
}

const count = (value) => (Math.abs(value) >= 1000 ? whole(value) : digits(value));

const formats = {
  ms: duration,
  elapsed,
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
    shareOf: (x) => (chart.log ? Math.log(x / from) / Math.log(to / from) : (x - from) / (to - from)),
  };
}).filter((chart) => chart.canvas);

/** Shows what was measured at x in a chart, and in those that share its axis. */
function point(source, x) {
  for (const chart of drawn) {
    if (chart !== source && (chart.unit !== 'elapsed' || source.unit !== 'elapsed')) { clear(chart); continue; }
    const lists = chart.series.map(({ at }) => places[at]);
    const known = lists.find((list) => list.length > 0) ?? [x];
    const at = known[nearest(known, x)];
    const offset = chart.shareOf(at) * chart.canvas.clientWidth;
    chart.cursor.hidden = false;
    chart.cursor.style.left = offset + 'px';
    const values = chart.series.map(({ unit, values }, index) => show(values[nearest(lists[index], x)], unit));
    chart.buttons.forEach((button, index) => { button.querySelector('output').textContent = values[index]; });
    if (chart === source) fillTip(chart, at, offset, values);
    else chart.tip.hidden = true;
  }
}

function fillTip({ tip, buttons, canvas, unit }, at, offset, values) {
  const title = document.createElement('b');
  title.textContent = show(at, unit);
  const rows = buttons.flatMap((button, index) => {
    if (button.getAttribute('aria-pressed') === 'false') return [];
    const row = document.createElement('span');
    row.className = button.className;
    const name = document.createElement('i');
    name.textContent = button.firstChild.textContent;
    row.append(name, values[index]);
    return [row];
  });
  tip.replaceChildren(title, ...rows);
  tip.hidden = false;
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
    const list = places[chart.series[0].at];
    if (step === undefined || event.target !== figure || list.length === 0) return;
    event.preventDefault();
    x = list[Math.min(list.length - 1, Math.max(0, nearest(list, x) + step))];
    point(chart, x);
  });
  buttons.forEach((button, index) => button.addEventListener('click', () => {
    const isShown = button.getAttribute('aria-pressed') === 'false';
    button.setAttribute('aria-pressed', isShown);
    for (const path of figure.querySelectorAll('path[data-series="' + index + '"]')) path.classList.toggle('off', !isShown);
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
