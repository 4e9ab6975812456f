import { hueOf } from './text.js';

/** The functions by id: name, colour, and whether one is searched for. */
export class FunctionNames {
  constructor(functions) {
    this.all = functions;
    this.byId = new Map(functions.map(f => [f.id, f]));
    this.searched = '';
    this.matches = 0;
    for (const f of functions) {
      f.hue = hueOf(f.name);
      f.lower = f.name.toLowerCase();
      f.isMatch = false;
    }
  }

  of(id) { return this.byId.get(id)?.name ?? `function#${id}`; }

  hue(id) { return this.byId.get(id)?.hue ?? 0; }

  isMatch(id) { return this.byId.get(id)?.isMatch ?? false; }

  /** Marks the functions whose name has the text in it. */
  search(text) {
    this.searched = text.trim();
    const wanted = this.searched.toLowerCase();
    this.matches = 0;
    for (const f of this.all) {
      f.isMatch = wanted !== '' && f.lower.includes(wanted);
      if (f.isMatch) this.matches++;
    }
  }
}
