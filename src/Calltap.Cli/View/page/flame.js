import { loadFlame } from './api.js';
import { boxText, colour, count, element, onTheme, percent, several, time } from './text.js';
import { tip } from './tip.js';

const ROW = 20;
const NARROW = 24; // pixels below which a name says nothing

const byId = id => document.getElementById(id);

/** The flame graph: as many boxes as can be seen, asked of the server for the part that is zoomed to. */
export class Flame {
  constructor(trace, names, details) {
    Object.assign(this, { trace, names, details, path: [], metric: 'total', thread: '', asked: 0 });
    for (const thread of trace.threads) byId('flame-thread').append(element('option', { value: thread.id, textContent: `${thread.name || thread.process || 'thread'} ${thread.tid}` }));
    byId('metric').addEventListener('change', event => this.choose({ metric: event.target.value, path: [] }));
    byId('flame-thread').addEventListener('change', event => this.choose({ thread: event.target.value, path: [] }));
    byId('flame-reset').addEventListener('click', () => this.choose({ path: [] }));
    tip(byId('boxes'), event => event.target.closest('.box')?.dataset.tip);
    onTheme(() => this.draw());
  }

  show() { this.ask(); }

  searched() { if (!byId('flame').hidden) this.ask(); }

  key(key) {
    if (key === '0') this.choose({ path: [] });
    return key === '0';
  }

  choose(choice) {
    Object.assign(this, choice);
    this.ask();
  }

  async ask() {
    const number = ++this.asked;
    const width = Math.max(200, byId('boxes').clientWidth);
    const found = await loadFlame({ metric: this.metric, thread: this.thread, path: this.path.join('.'), px: width, search: this.names.searched });
    if (number !== this.asked) return;
    this.found = found;
    this.draw();
  }

  draw() {
    if (!this.found) return;
    const boxes = this.found.boxes;
    const all = boxes.length > 0 ? boxes[0][3] : 0;
    byId('boxes').style.setProperty('--box-text', boxText());
    const drawn = this.path.slice(0, -1).map((id, depth) => this.above(id, depth + 1));
    if (this.path.length > 0) drawn.unshift(this.above(null, 0));
    const stack = [];
    for (const box of boxes) {
      stack.length = box[1];
      stack.push(box[0]);
      drawn.push(this.box(box, stack.slice(1), all));
    }
    byId('boxes').replaceChildren(...drawn);
    const share = this.names.searched !== '' && all > 0 ? `${percent(this.found.found / all)} of what is shown matches; ` : '';
    byId('flame-hint').textContent = boxes.length < 2 ? 'no times are known here: choose Calls' : `${share}click zooms, what is hatched has calls whose end is not known`;
  }

  // What lies above the box that was zoomed to: takes the whole width, and leads back.
  above(id, depth) {
    const box = element('button', { className: 'box above', textContent: id === null ? 'all' : this.names.of(id) });
    Object.assign(box.style, { left: 0, width: '100%', top: `${depth * ROW}px`, background: this.background(id) });
    box.addEventListener('click', () => this.choose({ path: this.path.slice(0, depth) }));
    return box;
  }

  box([id, depth, start, width, self, calls, unknown], way, all) {
    const isRest = id < 0 && depth > 0;
    const name = isRest ? 'others' : id < 0 ? 'all' : this.names.of(id);
    const left = all > 0 ? start / all : 0, share = all > 0 ? width / all : 1;
    const isNarrow = share * byId('boxes').clientWidth < NARROW;
    const box = element('button', { className: `box${isRest ? ' rest' : ''}${isNarrow ? ' narrow' : ''}${unknown > 0 ? ' unknown' : ''}${this.names.isMatch(id) ? ' match' : ''}` });
    box.textContent = isNarrow ? '' : name;
    box.dataset.function = id;
    box.dataset.width = width;
    box.dataset.depth = this.path.length + depth;
    box.dataset.tip = `${name}\n${this.value(width)} (${percent(share)})${isRest ? '' : `, ${this.metric === 'self' ? 'without traced caller' : 'self'} ${this.value(self)}`}\n`
      + `${several(calls, 'call')}${unknown > 0 ? `, ${count(unknown)} of them with no known end: at least so long` : ''}`;
    box.setAttribute('aria-label', box.dataset.tip);
    Object.assign(box.style, { left: `${100 * left}%`, width: `${100 * share}%`, top: `${(this.path.length + depth) * ROW}px` });
    if (isRest) return box;
    box.style.background = this.background(id);
    box.addEventListener('click', () => {
      this.choose({ path: [...this.path, ...way] });
      if (id >= 0) this.details.showFunction(id);
    });
    return box;
  }

  background(id) { return id === null || id < 0 ? 'var(--line)' : colour(this.names.hue(id)); }

  value(width) { return this.metric === 'calls' ? several(width, 'call') : time(width); }
}
