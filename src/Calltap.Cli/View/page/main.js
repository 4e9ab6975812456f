import { loadFunctions, loadTrace } from './api.js';
import { count, several, time } from './text.js';
import { Details } from './details.js';
import { Flame } from './flame.js';
import { FunctionTable } from './table.js';
import { FunctionNames } from './names.js';
import { Timeline } from './timeline.js';

const byId = id => document.getElementById(id);
const views = {};
let current = 'timeline';

function show(name) {
  current = name;
  for (const tab of document.querySelectorAll('[role=tab]')) tab.setAttribute('aria-selected', tab.dataset.view === name);
  for (const id of Object.keys(views)) byId(id).hidden = id !== name;
  views[name].show();
}

function describe(trace) {
  document.title = `${trace.name} - Calltap`;
  byId('name').textContent = trace.name;
  byId('name').title = trace.command;
  const lost = trace.lost > 0 ? `, ${several(trace.lost, 'event')} lost` : '';
  byId('summary').textContent = `${trace.command} · ${several(trace.calls, 'call')}, ${several(trace.threads.length, 'thread')}, ${time(trace.duration_ns)}${lost}`;
  byId('summary').title = byId('summary').textContent;
  byId('notes').hidden = trace.notes.length === 0;
  for (const note of trace.notes) byId('notes').append(Object.assign(document.createElement('li'), { textContent: note }));
}

function search(names) {
  names.search(byId('search').value);
  byId('found').textContent = names.searched === '' ? '' : `${count(names.matches)} of ${several(names.all.length, 'function')}`;
  document.body.classList.toggle('searching', names.searched !== '');
  for (const view of Object.values(views)) view.searched();
}

function keys(event) {
  const field = event.target.closest?.('input[type=search], select, dialog');
  if (event.key === 'Escape' && !byId('help').open) {
    if (byId('search').value !== '') {
      byId('search').value = '';
      byId('search').dispatchEvent(new Event('input'));
    } else views.details.close();
    byId('search').blur();
  } else if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === '/') byId('search').focus();
  else if (event.key === '?') byId('help').showModal();
  else if ('123'.includes(event.key)) show(['timeline', 'flame', 'functions'][event.key - 1]);
  else if (!views[current].key?.(event.key)) return;
  event.preventDefault();
}

async function start() {
  const [trace, functions] = await Promise.all([loadTrace(), loadFunctions()]);
  describe(trace);
  const names = new FunctionNames(functions);
  const details = new Details(byId('details'), trace, names, {
    call: place => { show('timeline'); views.timeline.reveal(place); },
    find: name => { byId('search').value = name; search(names); },
    resized: () => views[current].show(),
  });
  views.timeline = new Timeline(trace, names, details);
  views.flame = new Flame(trace, names, details);
  views.functions = new FunctionTable(functions, names, details);
  Object.defineProperty(views, 'details', { value: details, enumerable: false });
  for (const tab of document.querySelectorAll('[role=tab]')) tab.addEventListener('click', () => show(tab.dataset.view));
  byId('help-button').addEventListener('click', () => byId('help').showModal());
  byId('search').addEventListener('input', () => search(names));
  addEventListener('keydown', keys);
  addEventListener('resize', () => views[current].show());
  show('timeline');
  document.body.dataset.ready = 'yes';
}

start().catch(failure => {
  byId('summary').textContent = `This page has lost its trace: ${failure.message}`;
});
