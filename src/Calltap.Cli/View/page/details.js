import { loadCall, loadFunction } from './api.js';
import { count, element, percent, several, time } from './text.js';

const ENDINGS = {
  exit: '', unwind: 'unwound: no return, an exception or the like', unknown: 'end not seen: it was gone by then, and took at most so long', open: 'end not seen before the trace ended',
};
const SHOWN = 30;

/** The pane at the right: a function, a call, or several calls. */
export class Details {
  constructor(pane, trace, names, to) {
    Object.assign(this, { pane, trace, names, to, asked: 0 });
    this.threads = new Map(trace.threads.map(thread => [thread.id, thread]));
  }

  close() {
    this.asked++;
    if (this.pane.hidden) return;
    this.pane.hidden = true;
    this.to.resized();
  }

  async showFunction(id) {
    const number = ++this.asked;
    const found = await loadFunction(id);
    if (number !== this.asked) return;
    const f = this.names.byId.get(id);
    this.fill(
      element('h2', { textContent: this.names.of(id) }), element('p', { className: 'module', textContent: f?.module ?? '' }),
      element('div', { className: 'actions' }, this.button('Mark everywhere', () => this.to.find(this.names.of(id)))),
      this.list([['Calls', count(f.calls)], ['Total', time(f.total_ns)], ['Self', time(f.self_ns)], ['Min', time(f.min_ns)], ['Average', time(f.avg_ns)], ['Max', time(f.max_ns)], ['p50', time(f.p50_ns)], ['p99', time(f.p99_ns)]]),
      ...this.histogram(found.histogram), ...this.links('Called by', 'callers', found.callers), ...this.links('Calls', 'callees', found.callees),
      ...this.places('Longest calls', 'longest', found.longest, place => this.threads.get(place.thread)?.name || `thread ${this.threads.get(place.thread)?.tid}`, place => this.to.call(place)));
  }

  async showCall(thread, call) {
    const number = ++this.asked;
    const found = await loadCall(thread, call);
    if (number !== this.asked) return;
    const { call: place } = found;
    const lane = this.threads.get(thread);
    const rows = [['Start', time(place.start_ns)], [place.ending === 'exit' || place.ending === 'unwind' ? 'Duration' : 'At most', time(place.ns)], ['Self', time(found.self_ns)], ['Thread', `${lane.name} ${lane.tid}`]];
    if (ENDINGS[place.ending]) rows.push(['End', ENDINGS[place.ending]]);
    this.fill(
      element('h2', { textContent: this.names.of(place.function) }), element('p', { className: 'module', textContent: this.names.byId.get(place.function)?.module ?? '' }),
      element('div', { className: 'actions' }, this.button('Zoom to it', () => this.to.call(place)), this.button('All its calls', () => this.showFunction(place.function))),
      this.list(rows), ...this.places('Called by', 'callers', found.callers, () => '', other => this.to.call(other)), ...this.links('Calls', 'callees', found.callees));
  }

  showMerged({ thread, calls, longest, width, unknown, zoom }) {
    this.asked++;
    this.fill(
      element('h2', { textContent: `${several(calls, 'call')} close together` }),
      element('div', { className: 'actions' }, this.button('Zoom to them', zoom), this.button('The longest one', () => this.showCall(thread, longest.call))),
      this.list([['Time', time(width)], ['Longest', this.names.of(longest.function)], ['No known end', count(unknown)]]));
  }

  fill(...children) {
    const wasHidden = this.pane.hidden;
    const close = Object.assign(this.button('×', () => this.close()), { className: 'close', title: 'Close ( Esc )' });
    this.pane.replaceChildren(close, ...children);
    this.pane.hidden = false;
    this.pane.scrollTop = 0;
    if (wasHidden) this.to.resized();
  }

  button(textContent, clicked) {
    const made = element('button', { textContent });
    made.addEventListener('click', clicked);
    return made;
  }

  list(rows) { return element('dl', {}, ...rows.flatMap(([name, value]) => [element('dt', { textContent: name }), element('dd', { textContent: value })])); }

  item(name, value, clicked, share) {
    const line = element('button', { className: 'share' }, element('span', { className: 'what', textContent: name, title: name }), element('span', { className: 'number', textContent: value }));
    line.style.setProperty('--share', `${100 * share}%`);
    if (clicked) line.addEventListener('click', clicked);
    else line.disabled = true;
    return element('li', {}, line);
  }

  links(title, className, links) {
    if (links.length === 0) return [];
    const all = Math.max(1, links.reduce((sum, link) => sum + (link.ns ?? 0), 0));
    const lines = links.slice(0, SHOWN).map(link => this.item(
      link.function === null ? '(no traced function)' : this.names.of(link.function),
      `${link.ns === null ? '' : `${link.unknown > 0 ? '≥ ' : ''}${time(link.ns)} · `}${several(link.calls, 'call')}`,
      link.function === null ? null : () => this.showFunction(link.function), (link.ns ?? 0) / all));
    const more = links.length > SHOWN ? [element('li', { textContent: `and ${count(links.length - SHOWN)} more` })] : [];
    return [element('h3', { textContent: title }), element('ul', { className }, ...lines, ...more)];
  }

  places(title, className, places, note, clicked) {
    if (places.length === 0) return [];
    return [element('h3', { textContent: title }), element('ul', { className }, ...places.slice(0, SHOWN).map(place => this.item(
      note(place) || this.names.of(place.function), `${place.ending === 'exit' || place.ending === 'unwind' ? '' : '≤ '}${time(place.ns)}`, () => clicked(place), 0)))];
  }

  histogram(bars) {
    if (bars.length === 0) return [];
    const most = Math.max(...bars.map(bar => bar.calls)), all = bars.reduce((sum, bar) => sum + bar.calls, 0);
    const columns = bars.map(bar => {
      const column = element('i', { className: bar.calls > 0 ? 'some' : '', title: `${time(bar.from_ns)} to ${time(bar.to_ns)}: ${several(bar.calls, 'call')}, ${percent(bar.calls / all)}` });
      column.style.height = `${100 * bar.calls / most}%`;
      return column;
    });
    const middle = bars[Math.floor(bars.length / 2)];
    return [
      element('h3', { textContent: 'Durations' }), element('div', { className: 'histogram', role: 'img', 'aria-label': `Durations from ${time(bars[0].from_ns)} to ${time(bars.at(-1).to_ns)}` }, ...columns),
      element('div', { className: 'histogram-axis' }, ...[time(bars[0].from_ns), time(middle.from_ns), time(bars.at(-1).to_ns)].map(textContent => element('span', { textContent }))),
    ];
  }
}
