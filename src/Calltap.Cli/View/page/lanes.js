// Where the lanes of threads lie, one below another.

export const ROW = 17;
export const HEAD = 22;
const GAP = 8;
const MOST_ROWS = 2000; // deeper calls are not drawn: no browser scrolls that far

/** The lanes with their places in pixels, in the order of the trace. */
export class Lanes {
  constructor(trace) {
    this.all = trace.threads.map(thread => ({ ...thread, rows: 0, isFolded: false, title: title(thread, trace), allRows: Math.min(thread.rows, MOST_ROWS) }));
    this.byId = new Map(this.all.map(lane => [lane.id, lane]));
    this.place();
  }

  /** Shows only the outermost calls of a lane, or all again. */
  fold(lane) {
    lane.isFolded = !lane.isFolded;
    this.place();
  }

  place() {
    let top = 0;
    for (const lane of this.all) {
      lane.rows = lane.isFolded ? Math.min(1, lane.allRows) : lane.allRows;
      Object.assign(lane, { top, height: HEAD + Math.max(lane.rows, 1) * ROW + GAP });
      top += lane.height;
    }
    this.height = top;
  }

  /** Those between two heights, each with the rows that are to be seen. */
  between(top, bottom) {
    return this.all.filter(lane => lane.top < bottom && lane.top + lane.height > top).map(lane => {
      const first = Math.max(0, Math.floor((top - lane.top - HEAD) / ROW));
      return { lane, first, rows: Math.max(0, Math.min(lane.rows, Math.ceil((bottom - lane.top - HEAD) / ROW)) - first) };
    });
  }

  /** The lane at a height, and the row there; less than 0 in its head. */
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
