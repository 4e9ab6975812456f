const box = document.getElementById('tip');

/** Shows text beside the pointer: its first line is a name. */
export function showTip(event, text) {
  const end = text.indexOf('\n');
  const bold = document.createElement('b');
  bold.textContent = end < 0 ? text : text.slice(0, end);
  box.replaceChildren(bold, end < 0 ? '' : text.slice(end));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  box.style.top = `${event.clientY + 18 + height > innerHeight ? Math.max(4, event.clientY - height - 10) : event.clientY + 18}px`;
}

export const hideTip = () => { box.hidden = true; };

/** Shows what textOf says of an event over an element. */
export function tip(element, textOf) {
  element.addEventListener('pointermove', event => {
    const text = event.buttons === 0 ? textOf(event) : null;
    if (text) showTip(event, text);
    else hideTip();
  });
  element.addEventListener('pointerleave', hideTip);
  element.addEventListener('pointerdown', hideTip);
}
