import { loadSpans } from './api.js';
import { Painter, RULER } from './draw.js';
import { Lanes, ROW } from './lanes.js';
import { onTheme, several, time } from './text.js';
import { tip } from './tip.js';

const NARROWEST = 50; // ns
const AROUND = 0.5; // of a window, asked for at either side
const COARSE = 1.6, FINE = 0.3; // of the scale that was asked for, beyond which it is asked anew
const SPANS_IN_SIGHT = 12_000; // what a canvas draws well within a frame
const FEWEST_SPANS = 300;
const DRAGGED = 4; // pixels

const byId = id => document.getElementById(id);

/** The calls of each thread by time. The server merges what is too short to be seen: the page never has more than what it can draw in a frame. */
export class Timeline {
  constructor(trace, names, details) {
    Object.assign(this, { trace, names, details, pane: byId('lanes'), lanes: new Lanes(trace), spans: new Map(), asked: null, isAsking: false, selected: null, isDue: false });
    this.painter = new Painter(byId('canvas'), names);
    this.all = { from: 0, to: Math.max(trace.duration_ns, NARROWEST) };
    Object.assign(this, this.all);
    this.listen();
  }

  listen() {
    this.pane.addEventListener('wheel', event => this.wheel(event), { passive: false });
    this.pane.addEventListener('scroll', () => this.change());
    this.pane.addEventListener('pointerdown', event => this.press(event));
    this.pane.addEventListener('pointermove', event => this.drag(event));
    this.pane.addEventListener('pointerup', event => this.release(event));
    this.pane.addEventListener('pointercancel', () => { this.pressed = null; });
    this.pane.addEventListener('dblclick', event => { const hit = this.hit(event); if (hit) this.zoomTo(hit.start, hit.width); });
    for (const button of document.querySelectorAll('[data-zoom]')) button.addEventListener('click', () => this.key({ in: '+', out: '-', all: '0' }[button.dataset.zoom]));
    tip(this.pane, event => this.tipOf(event));
    onTheme(() => { this.painter.theme(); this.change(); });
  }

  show() {
    const { clientWidth, clientHeight } = this.pane;
    this.painter.resize(clientWidth, clientHeight);
    byId('lanes-size').style.height = `${Math.max(0, this.lanes.height + RULER - clientHeight)}px`;
    this.change();
  }

  searched() {
    for (const found of this.spans.values()) found.order = null;
    this.change();
  }

  key(key) {
    const middle = (this.from + this.to) / 2, step = (this.to - this.from) / 5;
    if (key === '+' || key === '=' || key === 'w') this.zoom(middle, 0.6);
    else if (key === '-' || key === 's') this.zoom(middle, 1 / 0.6);
    else if (key === '0') this.move(this.all.from, this.all.to);
    else if (key === 'ArrowLeft' || key === 'a') this.move(this.from - step, this.to - step);
    else if (key === 'ArrowRight' || key === 'd') this.move(this.from + step, this.to + step);
    else if (key === 'ArrowUp' || key === 'ArrowDown') this.pane.scrollTop += key === 'ArrowUp' ? -60 : 60;
    else return false;
    return true;
  }

  /** Goes to a call, and shows what is known of it. */
  reveal(place) {
    const lane = this.lanes.byId.get(place.thread);
    if (lane.isFolded && place.row > 0) this.lanes.fold(lane);
    const top = lane.top + Math.min(place.row, lane.rows) * ROW;
    if (top < this.pane.scrollTop || top + 80 > this.pane.scrollTop + this.pane.clientHeight - RULER) this.pane.scrollTop = Math.max(0, top - this.pane.clientHeight / 3);
    this.zoomTo(place.start_ns, place.ns);
    this.select(place.thread, place.call);
  }

  zoomTo(start, width) {
    const around = Math.max(width * 0.1, NARROWEST / 2);
    this.move(start - around, start + width + around);
  }

  select(thread, call) {
    this.selected = { thread, call };
    this.details.showCall(thread, call);
    this.change();
  }

  wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey) this.pane.scrollTop += (event.deltaY || event.deltaX) * unit;
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const step = event.deltaX * unit * (this.to - this.from) / this.painter.width;
      this.move(this.from + step, this.to + step);
    } else this.zoom(this.timeAt(event), Math.exp(Math.max(-1, Math.min(1, event.deltaY * unit * 0.002))));
  }

  zoom(at, factor) {
    const width = Math.max(NARROWEST, (this.to - this.from) * factor), share = (at - this.from) / (this.to - this.from);
    this.move(at - width * share, at + width * (1 - share));
  }

  // Never wider than the trace, and never beyond its ends.
  move(from, to) {
    const width = Math.min(Math.max(to - from, NARROWEST), this.all.to - this.all.from);
    this.from = Math.max(this.all.from, Math.min(from, this.all.to - width));
    this.to = this.from + width;
    this.change();
  }

  press(event) {
    if (event.button !== 0 || event.offsetX >= this.pane.clientWidth) return;
    this.pane.focus({ preventScroll: true });
    this.pressed = { x: event.clientX, y: event.clientY, from: this.from, to: this.to, scrolled: this.pane.scrollTop, isDrag: false };
    this.pane.setPointerCapture(event.pointerId);
  }

  drag(event) {
    if (!this.pressed) return;
    const { x, y, from, to, scrolled } = this.pressed, across = event.clientX - x, down = event.clientY - y;
    this.pressed.isDrag ||= Math.hypot(across, down) > DRAGGED;
    if (!this.pressed.isDrag) return;
    this.pane.scrollTop = scrolled - down;
    const step = across * (to - from) / this.painter.width;
    this.move(from - step, to - step);
  }

  release(event) {
    const wasDrag = this.pressed?.isDrag ?? true;
    this.pressed = null;
    if (wasDrag) return;
    const place = this.placeOf(event);
    if (place?.row < 0) {
      this.lanes.fold(place.lane);
      this.show();
      return;
    }
    const hit = this.hit(event);
    if (!hit) return;
    if (hit.calls === 1) {
      this.select(hit.lane.id, hit.call);
      return;
    }
    this.details.showMerged({ thread: hit.lane.id, calls: hit.calls, longest: { call: hit.call, function: hit.fn }, width: hit.width, unknown: hit.unknown, zoom: () => this.zoomTo(hit.start, hit.width) });
  }

  timeAt(event) { return this.from + (event.clientX - this.pane.getBoundingClientRect().left) * (this.to - this.from) / this.painter.width; }

  placeOf(event) {
    const y = event.clientY - this.pane.getBoundingClientRect().top - RULER;
    return y < 0 ? null : this.lanes.at(y + this.pane.scrollTop);
  }

  // The span under the pointer, or the nearest one within two pixels.
  hit(event) {
    const place = this.placeOf(event), found = place && this.spans.get(place.lane.id);
    if (!found || place.row >= place.lane.rows) return null;
    const at = this.timeAt(event), near = 2 * (this.to - this.from) / this.painter.width;
    let best = -1, least = near;
    for (let i = 0; i < found.start.length; i++) {
      if (found.row[i] !== place.row) continue;
      const distance = Math.max(found.start[i] - at, at - found.start[i] - found.width[i], 0);
      if (distance < least || (distance === least && best < 0)) [best, least] = [i, distance];
    }
    if (best < 0) return null;
    return { lane: place.lane, start: found.start[best], width: found.width[best], call: found.call[best], calls: found.calls[best], fn: found.fn[best], unknown: found.unknown[best], busy: found.busy[best] };
  }

  tipOf(event) {
    const hit = this.hit(event);
    if (!hit) return null;
    if (hit.calls > 1) return `${several(hit.calls, 'call')} in ${time(hit.width)}\nfilled to ${Math.round(hit.busy / 2.55)} %, the longest is ${this.names.of(hit.fn)}`;
    return `${this.names.of(hit.fn)}\n${hit.unknown > 0 ? 'end not known, at most ' : ''}${time(hit.width)}, from ${time(hit.start)}`;
  }

  /** Something is to be drawn: at the next frame, however often it is said until then. */
  change() {
    if (this.isDue) return;
    this.isDue = true;
    this.pane.setAttribute('aria-busy', true); // until that frame says otherwise
    requestAnimationFrame(() => {
      this.isDue = false;
      this.draw();
    });
  }

  draw() {
    if (byId('timeline').hidden) return;
    const { from, to, spans, selected } = this, scrolled = this.pane.scrollTop;
    const lanes = this.lanes.between(scrolled, scrolled + this.painter.height - RULER);
    this.painter.draw({ from, to, lanes, spans, scrolled, selected });
    byId('range').textContent = `${time(from)} to ${time(to)}: ${time(to - from)}`;
    Object.assign(this.pane.dataset, { from, to, spans: lanes.reduce((sum, { lane }) => sum + (spans.get(lane.id)?.start.length ?? 0), 0) });
    this.pane.setAttribute('aria-busy', !this.isCurrent(lanes));
    this.ask(lanes);
  }

  isCurrent(lanes) {
    const asked = this.asked;
    if (!asked || asked.from > Math.max(this.from, this.all.from) || asked.to < Math.min(this.to, this.all.to)) return false;
    const scale = (this.to - this.from) / this.painter.width / asked.scale;
    return scale <= COARSE && scale >= FINE && lanes.every(({ lane, first, rows }) => {
      const had = asked.lanes.get(lane.id);
      return had && had.first <= first && had.first + had.rows >= first + rows;
    });
  }

  // One question at a time: while it is answered what is there is drawn, stretched.
  async ask(lanes) {
    if (this.isAsking || lanes.length === 0 || this.isCurrent(lanes)) return;
    this.isAsking = true;
    const width = this.to - this.from, around = width * AROUND;
    const from = Math.max(this.all.from, this.from - around), to = Math.min(this.all.to, this.to + around);
    const wanted = lanes.map(({ lane, first, rows }) => ({ id: lane.id, first: Math.max(0, first - 20), rows: rows + 40 }));
    const scale = width / this.painter.width;
    try {
      const most = Math.max(FEWEST_SPANS, Math.round(SPANS_IN_SIGHT * (to - from) / width / lanes.length));
      this.spans = await loadSpans({ from, to, px: Math.max(1, Math.round((to - from) / scale)), most, lanes: wanted });
      this.asked = { from, to, scale, lanes: new Map(wanted.map(lane => [lane.id, lane])) };
      this.isAsking = false;
      this.change();
    } catch (failure) {
      byId('range').textContent = `The server does not answer: has calltap ended? (${failure.message})`;
      setTimeout(() => { this.isAsking = false; }, 1000);
    }
  }
}
