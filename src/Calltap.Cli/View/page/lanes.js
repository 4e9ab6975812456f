// Where the lanes of threads lie, one below another.

export const ROW = 17;
export const HEAD = 22;
const GAP = 8;
const MOST_ROWS = 2000; // deeper calls are not drawn: no browser scrolls that far

/** The lanes with their places in pixels, in the order of the trace. */
export class Lanes {
  constructor(trace) {
    let top = 0;
    this.all = trace.threads.map(thread => {
      const rows = Math.min(thread.rows, MOST_ROWS);
      const lane = { ...thread, rows, top, height: HEAD + Math.max(rows, 1) * ROW + GAP, title: title(thread, trace) };
      top += lane.height;
      return lane;
    });
    this.height = top;
    this.byId = new Map(this.all.map(lane => [lane.id, lane]));
  }

  /** Those between two heights, each with the rows that are to be seen. */
  between(top, bottom) {
    return this.all.filter(lane => lane.top < bottom && lane.top + lane.height > top).map(lane => {
      const first = Math.max(0, Math.floor((top - lane.top - HEAD) / ROW));
      return { lane, first, rows: Math.max(0, Math.min(lane.rows, Math.ceil((bottom - lane.top - HEAD) / ROW)) - first) };
    });
  }

  /** The lane at a height, and the row there; -1 in its head. */
  at(y) {
    const lane = this.all.find(other => y >= other.top && y < other.top + other.height);
    return lane ? { lane, row: Math.floor((y - lane.top - HEAD) / ROW) } : null;
  }
}

function title(thread, trace) {
  const isOfMany = new Set(trace.threads.map(other => other.process_id)).size > 1;
  const own = `${thread.name || 'thread'} ${thread.tid}`;
  return isOfMany ? `${thread.process || 'process'} ${thread.pid} › ${own}` : own;
}
