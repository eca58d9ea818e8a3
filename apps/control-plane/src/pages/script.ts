/**
 * The script of the page of the API: a search, links that open what they lead to, and commands that are copied. Plain
 * JavaScript as text, because its hash stands in the page's policy. It writes only text, never HTML.
 */
export const apiScript: string = `
'use strict';
const search = document.getElementById('search');
const nothing = document.getElementById('nothing');
const told = document.getElementById('told');
const parts = [...document.querySelectorAll('details')];
const words = new Map(parts.map((part) => [part, part.textContent.toLowerCase()]));

function open() {
  const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(part instanceof HTMLDetailsElement)) return;
  if (part.hidden) { search.value = ''; filter(); }
  part.open = true;
  part.scrollIntoView();
}

function filter() {
  const wanted = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let found = 0;
  for (const part of parts) {
    part.hidden = !wanted.every((word) => words.get(part).includes(word));
    if (!part.hidden) found++;
  }
  for (const item of document.querySelectorAll('[data-for]')) {
    item.hidden = document.getElementById(item.dataset.for).hidden;
  }
  for (const group of document.querySelectorAll('.group')) group.hidden = !group.querySelector('details:not([hidden])');
  for (const link of document.querySelectorAll('.groups a')) {
    link.parentElement.hidden = document.getElementById(link.hash.slice(1)).hidden;
  }
  for (const group of document.querySelectorAll('nav section')) group.hidden = !group.querySelector('li:not([hidden])');
  nothing.hidden = found > 0;
  told.textContent = wanted.length === 0 ? '' : found + ' found';
}

for (const command of document.querySelectorAll('.curl')) {
  if (navigator.clipboard === undefined) break;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy the command');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command.querySelector('code').textContent);
      button.textContent = 'Copied';
      told.textContent = 'The command is copied.';
    } catch {
      button.textContent = 'Not allowed here';
      told.textContent = 'The browser did not allow to copy.';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  command.append(button);
}

search.closest('.search').hidden = false;
search.addEventListener('input', filter);
addEventListener('hashchange', open);
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  search.focus();
});
open();
`;
