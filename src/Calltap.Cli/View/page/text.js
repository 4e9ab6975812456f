// Numbers, times and colours as people read them.

const UNITS = [['ns', 1], ['µs', 1e3], ['ms', 1e6], ['s', 1e9]];

/** A duration in nanoseconds, in the unit that leaves one to four digits before the point; '-' when it is not known. */
export function time(ns) {
  if (ns === null || ns === undefined) return '-';
  const size = Math.abs(ns);
  const [unit, factor] = size < 1e4 ? UNITS[0] : size < 1e7 ? UNITS[1] : size < 1e10 ? UNITS[2] : UNITS[3];
  return factor === 1 ? `${Math.round(ns).toLocaleString('en')} ns` : `${(ns / factor).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${unit}`;
}

/** A moment, as exactly as a step of the ruler asks. */
export function moment(ns, step) {
  const [unit, factor] = step >= 1e8 ? UNITS[3] : step >= 1e5 ? UNITS[2] : step >= 1e2 ? UNITS[1] : UNITS[0];
  const digits = Math.max(0, Math.ceil(Math.log10(factor / step) - 1e-9));
  return `${(ns / factor).toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

export const count = number => number.toLocaleString('en');

export const several = (number, one) => `${count(number)} ${one}${number === 1 ? '' : 's'}`;

export const percent = share => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;

export const HUES = 24;

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Calls back when the theme changes. */
export const onTheme = changed => dark.addEventListener('change', changed);

/** One of HUES for a text: the same function has the same colour everywhere. */
export function hueOf(text) {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return ((hash ^ (hash >>> 13)) >>> 0) % HUES;
}

export const SHADES = 3;

/** The colour of a hue in a shade: 0 for one call, 1 for several, 2 for several that fill less than half of their time. */
export function colour(hue, shade = 0) {
  const degrees = hue * 360 / HUES;
  return dark.matches ? `hsl(${degrees} ${42 - 8 * shade}% ${[38, 32, 24][shade]}%)` : `hsl(${degrees} ${58 - 10 * shade}% ${[75, 80, 89][shade]}%)`;
}

export const boxText = () => dark.matches ? '#f2f4f7' : '#15181c';

/** An element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
