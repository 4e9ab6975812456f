import { HEAD, ROW } from './lanes.js';
import { boxText, colour, count, HUES, moment, SHADES } from './text.js';

export const RULER = 24;
const CHARACTER = 6.3; // pixels of one, on average
const NARROWEST_TEXT = 26;

/** Draws the timeline. What is merged or dim has a colour of its own, so that all boxes of one colour are filled in one go. */
export class Painter {
  constructor(canvas, names) {
    Object.assign(this, { canvas, names, context: canvas.getContext('2d', { alpha: false }) });
    this.theme();
  }

  /** Takes over the colours of the page. */
  theme() {
    const style = getComputedStyle(document.documentElement);
    const own = name => style.getPropertyValue(name).trim();
    Object.assign(this, { back: own('--back'), panel: own('--panel'), line: own('--line'), text: own('--text'), soft: own('--soft'), accent: own('--accent'), lost: own('--lost'), boxText: boxText() });
    this.colours = [];
    for (let hue = 0; hue < HUES; hue++) for (let shade = 0; shade < SHADES; shade++) this.colours.push(colour(hue, shade));
    this.colours.push(this.line); // what is not searched for
    this.hatch = this.pattern('rgba(128, 128, 128, .75)');
    this.lostHatch = this.pattern(this.lost);
  }

  pattern(stroke) {
    const tile = document.createElement('canvas');
    tile.width = tile.height = 8;
    const context = tile.getContext('2d');
    context.strokeStyle = stroke;
    context.lineWidth = 2;
    for (const x of [-8, 0, 8]) {
      context.beginPath();
      context.moveTo(x - 2, 10);
      context.lineTo(x + 10, -2);
      context.stroke();
    }
    return this.context.createPattern(tile, 'repeat');
  }

  resize(width, height) {
    const ratio = devicePixelRatio;
    if (this.width === width && this.height === height && this.ratio === ratio) return;
    Object.assign(this, { width, height, ratio });
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
  }

  /** Draws a window of time: lanes as Lanes.between has them, spans by lane, what is scrolled past, and the selected call. */
  draw({ from, to, lanes, spans, scrolled, selected }) {
    const context = this.context, scale = this.width / (to - from);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = this.back;
    context.fillRect(0, 0, this.width, this.height);
    const step = this.step(from, to);
    this.grid(from, to, scale, step);
    context.textBaseline = 'middle';
    for (const { lane } of lanes) {
      const top = lane.top - scrolled + RULER;
      const found = spans.get(lane.id);
      if (found) this.lane(found, from, scale, top + HEAD, lane.rows, selected?.thread === lane.id ? selected.call : -1);
      if (found) this.gaps(found, from, scale, top, lane.height - 8);
      this.head(lane, top);
    }
    this.ruler(from, to, scale, step);
  }

  lane(found, from, scale, top, rows, selected) {
    const context = this.context;
    found.order ??= this.order(found);
    let last = -1;
    const { start, width, row, unknown, calls, order, paint } = found;
    const right = this.width, bottom = Math.min(this.height, top + rows * ROW);
    for (let at = 0; at < order.length; at++) {
      const i = order[at];
      let x = (start[i] - from) * scale, w = width[i] * scale;
      const y = top + row[i] * ROW;
      if (x > right || x + w < 0 || y >= bottom || y + ROW < RULER) continue;
      if (x < 0) { w += x; x = 0; }
      if (x + w > right) w = right - x;
      if (paint[i] !== last) context.fillStyle = this.colours[last = paint[i]];
      context.fillRect(x, y, w > 2 ? w - 0.5 : w > 1 ? w : 1, ROW - 1);
    }
    context.fillStyle = this.hatch;
    for (const i of found.hatched) if (row[i] < rows) this.fill(start[i], width[i], from, scale, top + row[i] * ROW, ROW - 1);
    this.labels(found, from, scale, top, rows);
    for (let i = 0; selected >= 0 && i < start.length; i++) {
      if (found.call[i] !== selected || calls[i] !== 1) continue;
      const x = Math.max(-4, (start[i] - from) * scale), end = Math.min(right + 4, (start[i] + width[i] - from) * scale);
      context.strokeStyle = this.accent;
      context.lineWidth = 2;
      context.strokeRect(x, top + row[i] * ROW, Math.max(2, end - x), ROW - 1);
    }
  }

  fill(start, width, from, scale, y, height) {
    const x = Math.max(0, (start - from) * scale), end = Math.min(this.width, Math.max((start + width - from) * scale, (start - from) * scale + 1.5));
    if (end > x && y < this.height && y + height > 0) this.context.fillRect(x, y, end - x, height);
  }

  // Numbers of spans colour by colour; those without a known end and those wide enough for text are found on the way.
  order(found) {
    const { fn, calls, busy, unknown } = found, many = fn.length, isSearch = this.names.searched !== '';
    const paint = new Uint8Array(many), ends = new Uint32Array(this.colours.length + 1);
    found.hatched = [];
    for (let i = 0; i < many; i++) {
      paint[i] = isSearch && !this.names.isMatch(fn[i]) ? SHADES * HUES : SHADES * this.names.hue(fn[i]) + (calls[i] === 1 ? 0 : busy[i] < 128 ? 2 : 1);
      ends[paint[i] + 1]++;
      if (unknown[i] > 0 && unknown[i] === calls[i]) found.hatched.push(i);
    }
    for (let i = 1; i < ends.length; i++) ends[i] += ends[i - 1];
    const order = new Uint32Array(many);
    for (let i = 0; i < many; i++) order[ends[paint[i]]++] = i;
    found.paint = paint;
    return order;
  }

  labels(found, from, scale, top, rows) {
    const context = this.context, { start, width, row, fn, calls } = found, least = NARROWEST_TEXT / scale;
    context.font = '11px "DejaVu Sans", system-ui, sans-serif';
    context.fillStyle = this.boxText;
    for (let i = 0; i < start.length; i++) {
      if (width[i] < least || row[i] >= rows) continue;
      const y = top + row[i] * ROW;
      if (y > this.height || y + ROW < RULER) continue;
      const x = Math.max(0, (start[i] - from) * scale), room = Math.min(this.width, (start[i] + width[i] - from) * scale) - x - 6;
      if (room < NARROWEST_TEXT - 8) continue;
      const name = calls[i] > 1 ? `${count(calls[i])} calls` : this.names.of(fn[i]);
      const fits = Math.floor(room / CHARACTER);
      context.fillText(name.length <= fits ? name : `${name.slice(0, Math.max(1, fits - 1))}…`, x + 3, y + ROW / 2, room + 4);
    }
  }

  gaps(found, from, scale, top, height) {
    const context = this.context, { gapStart, gapEnd, gapLost } = found;
    context.font = '11px "DejaVu Sans", system-ui, sans-serif';
    for (let i = 0; i < gapStart.length; i++) {
      context.fillStyle = this.lostHatch;
      this.fill(gapStart[i], gapEnd[i] - gapStart[i], from, scale, top + HEAD - 4, height - HEAD + 4);
      const x = Math.max(0, (gapStart[i] - from) * scale);
      if ((gapEnd[i] - from) * scale - x > 90) {
        context.fillStyle = this.text;
        context.fillText(`${count(gapLost[i])} lost`, x + 4, top + HEAD + ROW / 2);
      }
    }
  }

  head(lane, top) {
    const context = this.context;
    context.fillStyle = this.panel;
    context.fillRect(0, top, this.width, HEAD - 5);
    context.font = '600 11px "DejaVu Sans", system-ui, sans-serif';
    context.fillStyle = this.text;
    const title = `${lane.isFolded ? '▸' : '▾'} ${lane.title}`;
    context.fillText(title, 6, top + (HEAD - 5) / 2, this.width / 2);
    const named = Math.min(context.measureText(title).width, this.width / 2);
    context.font = '11px "DejaVu Sans", system-ui, sans-serif';
    context.fillStyle = this.soft;
    context.fillText(`${count(lane.calls)} calls${lane.lost > 0 ? `, ${count(lane.lost)} events lost` : ''}`, named + 18, top + (HEAD - 5) / 2);
  }

  // 1, 2 or 5 times a power of ten, a hundred pixels or more apart.
  step(from, to) {
    const least = (to - from) * 110 / this.width, decade = 10 ** Math.floor(Math.log10(least));
    return decade * [1, 2, 5, 10].find(factor => factor * decade >= least);
  }

  grid(from, to, scale, step) {
    this.context.fillStyle = this.line;
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) this.context.fillRect(Math.round((at - from) * scale), RULER, 1, this.height);
  }

  ruler(from, to, scale, step) {
    const context = this.context;
    context.fillStyle = this.panel;
    context.fillRect(0, 0, this.width, RULER);
    context.fillStyle = this.line;
    context.fillRect(0, RULER - 1, this.width, 1);
    context.font = '11px "DejaVu Sans", system-ui, sans-serif';
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      const x = Math.round((at - from) * scale);
      context.fillStyle = this.line;
      context.fillRect(x, RULER - 7, 1, 7);
      context.fillStyle = this.soft;
      context.fillText(moment(at, step), x + 4, RULER / 2);
    }
  }
}
