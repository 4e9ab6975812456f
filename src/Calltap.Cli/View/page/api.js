// What the page asks of the server. Addresses are relative to the page's own, which holds the token.

async function ask(path, values) {
  const answer = await fetch(`api/${path}?${new URLSearchParams(values)}`);
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

const json = async (path, values = {}) => (await ask(path, values)).json();

export const loadTrace = () => json('trace');
export const loadFunctions = async () => (await json('functions')).functions;
export const loadFlame = values => json('flame', values);
export const loadFunction = id => json('function', { id });
export const loadCall = (thread, call) => json('call', { thread, call });

/** Spans of some lanes in a window: arrays by lane (SpanEncoding.cs has the layout). */
export async function loadSpans({ from, to, px, most, lanes }) {
  const answer = await ask('spans', { from, to, px, most, lanes: lanes.map(lane => `${lane.id}:${lane.first}:${lane.rows}`).join(',') });
  const bytes = await answer.arrayBuffer();
  const found = new Map();
  for (let at = 0; at < bytes.byteLength;) {
    const take = (type, length) => {
      const values = new type(bytes, at, length);
      at += values.byteLength;
      return values;
    };
    const [id, spans, gaps, rows] = take(Uint32Array, 4);
    found.set(id, {
      rows, resolution: take(Float64Array, 1)[0],
      start: take(Float64Array, spans), width: take(Float64Array, spans), gapStart: take(Float64Array, gaps), gapEnd: take(Float64Array, gaps),
      fn: take(Uint32Array, spans), call: take(Uint32Array, spans), calls: take(Uint32Array, spans), unknown: take(Uint32Array, spans), row: take(Uint32Array, spans),
      gapLost: take(Uint32Array, gaps), busy: take(Uint8Array, spans),
    });
    at = (at + 7) & ~7;
  }
  return found;
}
