import { count, element, time } from './text.js';

const ROW = 25;
const AROUND = 10; // rows beyond what is seen
const COLUMNS = [
  ['name', 'Function', value => value], ['module', 'Module', value => value], ['calls', 'Calls', count], ['total_ns', 'Total', time], ['self_ns', 'Self', time],
  ['min_ns', 'Min', time], ['avg_ns', 'Avg', time], ['max_ns', 'Max', time], ['p50_ns', 'p50', time], ['p99_ns', 'p99', time],
];
const isText = key => key === 'name' || key === 'module';

/** The functions, of which only the rows in sight are elements. */
export class FunctionTable {
  constructor(functions, names, details) {
    Object.assign(this, { functions, names, details, key_: 'total_ns', isFalling: true, selected: -1 });
    this.pane = document.getElementById('table');
    this.head = this.pane.querySelector('thead');
    this.body = this.pane.querySelector('tbody');
    this.head.append(element('tr', {}, ...COLUMNS.map(([key, title]) => this.heading(key, title))));
    this.most = Math.max(1, ...functions.map(f => f.total_ns ?? 0));
    this.pane.addEventListener('scroll', () => this.draw());
    this.sort();
  }

  show() { this.draw(); }

  searched() { this.sort(); }

  heading(key, title) {
    const button = element('button', { textContent: title });
    button.addEventListener('click', () => {
      this.isFalling = this.key_ === key ? !this.isFalling : !isText(key);
      this.key_ = key;
      this.sort();
    });
    return element('th', { className: isText(key) ? 'text' : '', scope: 'col', 'data-key': key }, button);
  }

  sort() {
    const key = this.key_, sign = this.isFalling ? -1 : 1;
    const compare = isText(key) ? (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0) : (a, b) => (a[key] ?? -1) - (b[key] ?? -1);
    this.rows = this.functions.filter(f => this.names.searched === '' || f.isMatch).sort((a, b) => sign * compare(a, b) || a.id - b.id);
    for (const heading of this.head.querySelectorAll('th')) {
      if (heading.dataset.key === key) heading.setAttribute('aria-sort', this.isFalling ? 'descending' : 'ascending');
      else heading.removeAttribute('aria-sort');
    }
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.pane.scrollTop / ROW) - AROUND);
    const last = Math.min(this.rows.length, Math.ceil((this.pane.scrollTop + this.pane.clientHeight) / ROW) + AROUND);
    const pad = height => element('tr', { 'aria-hidden': 'true' }, Object.assign(element('td', { className: 'pad', colSpan: COLUMNS.length }), { style: `height:${height}px` }));
    this.body.replaceChildren(pad(first * ROW), ...this.rows.slice(first, last).map(f => this.row(f)), pad((this.rows.length - last) * ROW));
  }

  row(f) {
    const cells = COLUMNS.map(([key, , text]) => {
      const cell = element('td', { className: isText(key) ? `text ${key}` : key === 'total_ns' ? 'share' : '', textContent: text(f[key]) });
      if (isText(key)) cell.title = f[key];
      if (key === 'total_ns') cell.style.setProperty('--share', `${100 * (f[key] ?? 0) / this.most}%`);
      return cell;
    });
    const row = element('tr', { tabIndex: 0, 'data-function': f.id, 'aria-selected': this.selected === f.id }, ...cells);
    const select = () => {
      this.selected = f.id;
      this.details.showFunction(f.id);
      this.draw();
    };
    row.addEventListener('click', select);
    row.addEventListener('keydown', event => { if (event.key === 'Enter') select(); });
    return row;
  }
}
